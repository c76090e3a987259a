"""The exception for what a user can mend. It needs nothing else, so that simulators can have it."""


class CorelowerError(Exception):
    """
    Something that the user can mend: the message says what is wrong, the limit, and the remedy.

    `where` is a place in the user's terms (`file:line:column`, or the source model's node); tools
    print `where: message` on one line and exit with 1.
    """

    def __init__(self, message: str, where: str | None = None):
        super().__init__(message)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message
