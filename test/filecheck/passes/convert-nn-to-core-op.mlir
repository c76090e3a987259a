// RUN: nn-opt %s -p convert-nn-to-core-op | filecheck %s

