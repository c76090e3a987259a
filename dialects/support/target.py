"""What a chip's core can do: the constraints that passes read from the IR."""

from dataclasses import dataclass, fields, replace

from .errors import CorelowerError

FieldValue = int | str | bool | tuple[int, ...] | tuple[str, ...]

GAINS = ("core", "neuron")
GAIN_VALUES = ("free", "power_of_two", "reciprocal")
ROUNDINGS = ("nearest", "floor")
NEURONS = ("rate", "lif")
RESETS = ("zero", "subtract")
FIRINGS = ("tick", "window")
FUNCTIONS = ("linear", "relu")

MOST_THRESHOLD = (1 << 20) - 1
"""Up to there a threshold follows from its reciprocal in float32."""

COMMON_FIELDS = (
    "fan_in", "fan_out", "weights", "bias_rows", "functions", "max_inputs", "shares_positions",
    "neuron_fan_out", "synapse_bits", "weight_values", "cores",
)  # fmt: skip
"""What a core has whichever kind its neurons are of."""

OF_SPIKES = ("window", "reset", "firing", "threshold_bits")
"""What only neurons that spike have."""

OF_GRADED = ("signal_bits",)
"""What only graded signals have: a spike has one bit."""

OF_ONE_KIND = ("neuron", "gain", "gain_values", "rounding")
"""What differs between neurons of the two kinds."""

EXACT_BITS = 24
"""float32 holds every integer below 2^24: the arithmetic on codes is exact up to there."""


@dataclass(frozen=True)
class Target:
    """
    One core's constraints. Counts of zero mean "no limit" unless a field says otherwise.

    `fan_in` and `fan_out` are the rows and columns of a core, bias rows included. A signal is an
    unsigned code of `signal_bits`; a weight an integer in `weights` (least, largest).
    """

    name: str
    fan_in: int
    fan_out: int
    signal_bits: int
    weights: tuple[int, ...]
    weight_values: int = 0
    """
    Different weights of a core, zero among them: its synapses are indices into a table of these.
    """
    accumulator_bits: int = 0
    """Bits of the signed sum; 0 for an analog sum."""
    bias_rows: int = 0
    """Rows of each core that are driven with a constant and carry the bias as weights."""
    spare_bias_rows: bool = False
    """Whether rows that a dot product leaves free can be driven so too."""
    bias_bits: int = 0
    """Bits of a signed bias register a neuron; 0 where there is none."""
    gain: str = "core"
    """What has a gain of its own: a `core`, or each `neuron`."""
    gain_values: str = "free"
    """
    `free`; `power_of_two` where the chip cuts bits out of the sum; `reciprocal`, one over an
    integer, where neurons compare it with a threshold.
    """
    rounding: str = "nearest"
    """`nearest`, ties to even; or `floor` where lower bits are dropped."""
    functions: tuple[str, ...] = FUNCTIONS
    """What a core applies to its sums; every one saturates at the code's ends."""
    max_inputs: int = 0
    """Inputs of the core's own maximum of codes; 0 where it has none."""
    neuron: str = "rate"
    """`rate`: a sum becomes a code at once. `lif`: it integrates, and becomes spikes in time."""
    window: int = 1
    """Ticks in which the spikes of a `lif` neuron are counted: numbers reach from 0 to so many."""
    reset: str = "zero"
    """What a spike leaves of the potential: nothing, or what exceeds the threshold (`subtract`)."""
    firing: str = "tick"
    """
    `tick`: a neuron may fire at any tick. `window`: it integrates a whole window, and fires in the
    next one, without input then; the number of its spikes is exactly the sum over the threshold. A
    reset to zero does that by a leak, see `ramps`.
    """
    threshold_bits: int = 0
    """Bits of a signed threshold register a `lif` neuron; 0 for no limit."""
    shares_positions: bool = True
    """Whether positions, which have equal weights, may use one core in turn."""
    neuron_fan_out: int = 0
    synapse_bits: int = 0
    cores: int = 0

    def __post_init__(self) -> None:
        for name in ("fan_in", "fan_out", "signal_bits"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        self._require(self.signal_bits <= 16, "signal_bits", "at most 16")
        self._require(
            len(self.weights) == 2 and self.weights[0] < self.weights[1], "weights", "[least, most]"
        )
        self._require(max(map(abs, self.weights)) < 1 << 15, "weights", "within 16 bits")
        self._require(0 <= self.bias_rows < self.fan_in, "bias_rows", "fewer than fan_in")
        self._require(
            self.weight_values == 0 or self.weight_values >= 2, "weight_values", "0, or 2 and more"
        )
        self._require(
            not (self.weight_values and self.bias_rows),
            "weight_values",
            "0 where rows carry the bias, which may need any weight; use bias_bits",
        )
        self._require(self.gain in GAINS, "gain", " or ".join(GAINS))
        self._require(self.gain_values in GAIN_VALUES, "gain_values", " or ".join(GAIN_VALUES))
        self._require(self.rounding in ROUNDINGS, "rounding", " or ".join(ROUNDINGS))
        self._require(self.neuron in NEURONS, "neuron", " or ".join(NEURONS))
        self._check_spikes()
        self._require(set(self.functions) <= set(FUNCTIONS), "functions", ", ".join(FUNCTIONS))
        counts = ("accumulator_bits", "bias_bits", "max_inputs", "neuron_fan_out", "synapse_bits")
        for name in (*counts, "threshold_bits", "cores"):
            self._require(getattr(self, name) >= 0, name, "0 or more")

    def _check_spikes(self) -> None:
        self._require(self.reset in RESETS, "reset", " or ".join(RESETS))
        self._require(self.firing in FIRINGS, "firing", " or ".join(FIRINGS))
        self._require(1 <= self.window <= 1024, "window", "1 to 1024 ticks")
        self._require(self.threshold_bits != 1, "threshold_bits", "0, or 2 and more")
        if not self.spikes:
            self._require(self.window == 1, "window", "1 of a neuron that is not lif")
            self._require(self.gain_values != "reciprocal", "gain_values", "another, or neuron lif")
            return
        self._require(self.signal_bits == 1, "signal_bits", "1 of a lif neuron: spikes")
        self._require(self.gain_values == "reciprocal", "gain_values", "reciprocal of a lif neuron")
        self._require(self.rounding == "floor", "rounding", "floor of a lif neuron")
        self._require(not self.bias_rows, "bias_rows", "0 of a lif neuron, which has a leak")
        self._require(not self.max_inputs, "max_inputs", "0 of a lif neuron")

    def require_alternate(self, other: "Target") -> None:
        """Raise `CorelowerError` unless a core may have either's neurons: `other` be the second."""
        if self.spikes == other.spikes:
            kind = "spike" if self.spikes else "are graded"
            raise CorelowerError(
                f"target '{self.name}' and its alternate '{other.name}' both have neurons that "
                f"{kind}; one of them must have neuron = lif, the other neuron = rate"
            )
        for name in COMMON_FIELDS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise CorelowerError(
                    f"target '{self.name}': {name} = {mine}, of its alternate {theirs}; one core "
                    "serves both, and has one"
                )
        window = max(self.window, other.window)
        if window < 2:
            raise CorelowerError(
                f"target '{self.name}': a window of {window} tick beside graded signals; a spike "
                "needs 2 ticks or more to be told from a code"
            )

    def _require(self, holds: bool, name: str, limit: str) -> None:
        if holds:
            return
        value: FieldValue = getattr(self, name)
        text = f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
        raise CorelowerError(
            f"target '{self.name}': {name} = {text} is out of range; it must be {limit}"
        )

    def for_inputs(self, inputs: int) -> "Target":
        """
        The target as a dot product of so many inputs has it.

        Where a chip lets them, the rows that it leaves free carry its bias too, all but the last
        with the largest code, so that larger biases fit.
        """
        spare = self.fan_in - inputs
        if not self.spare_bias_rows or self.bias_rows < 2 or spare <= self.bias_rows:
            return self
        return replace(self, bias_rows=spare)

    @property
    def inputs(self) -> int:
        """The rows that are left for signals."""
        return self.fan_in - self.bias_rows

    @property
    def largest_code(self) -> int:
        """The largest code of a signal."""
        return (1 << self.signal_bits) - 1

    @property
    def spikes(self) -> bool:
        """Whether signals are spikes in time."""
        return self.neuron == "lif"

    @property
    def fires_at_any_tick(self) -> bool:
        """Whether neurons spike while they integrate, so that numbers of spikes do not say all."""
        return self.spikes and self.firing == "tick"

    @property
    def ramps(self) -> bool:
        """
        Whether a neuron's leak is its threshold, and raises its potential while it fires.

        The further the potential is up, the sooner it reaches the threshold. It falls to zero then,
        and the leak alone makes it spike at each tick that is left: as many as the sum has
        thresholds, with nothing lost.
        """
        return self.spikes and is_ramp(self.reset, self.firing)

    @property
    def largest_number(self) -> int:
        """The largest number that one neuron carries: of codes, or of spikes in a window."""
        return self.largest_code * self.window

    @property
    def number_bits(self) -> int:
        """Bits that hold every number that one neuron carries."""
        return self.largest_number.bit_length()

    @property
    def largest_threshold(self) -> int:
        """The largest threshold of a neuron, which is an integer."""
        return min(self._threshold_limits.values())

    @property
    def threshold_limit(self) -> str:
        """The field that keeps thresholds from being larger."""
        return min(self._threshold_limits.items(), key=lambda limit: limit[1])[0]

    @property
    def _threshold_limits(self) -> dict[str, int]:
        register = (1 << (self.threshold_bits - 1)) - 1 if self.threshold_bits else MOST_THRESHOLD
        limits = {
            "threshold_bits": min(register, MOST_THRESHOLD),
            "accumulator_bits": self.largest_sum,
        }
        if self.ramps:
            # It is the leak as well, and the potential starts two windows of leaks below.
            limits["bias_bits"] = self.largest_leak
            limits["accumulator_bits"] //= 4 * self.window
        return limits

    @property
    def largest_weight(self) -> int:
        """The largest magnitude that both signs have."""
        return min(-self.weights[0], self.weights[1])

    @property
    def index_bits(self) -> int:
        """Bits of a synapse that holds an index; 0 where it holds the weight itself."""
        return (self.weight_values - 1).bit_length() if self.weight_values else 0

    @property
    def largest_sum(self) -> int:
        """The largest magnitude of a sum that is still exact, on the chip and in float32."""
        bits = min(self.accumulator_bits or EXACT_BITS + 1, EXACT_BITS + 1)
        return (1 << (bits - 1)) - 1

    @property
    def largest_bias(self) -> int:
        """The largest bias of a neuron, in units of the sum; `support.bias_rows` says which fit."""
        if self.spikes:
            return self._largest_drive
        if self.bias_bits:
            return (1 << (self.bias_bits - 1)) - 1
        if not self.bias_rows or self.largest_weight < 1:
            return 0
        if self.bias_rows == 1:
            return self.largest_code * self.largest_weight
        coarse = (self.bias_rows - len(self.fine_drives)) * self.largest_code
        return (coarse + sum(self.fine_drives)) * self.largest_weight

    @property
    def largest_leak(self) -> int:
        """The largest leak a tick of a neuron that spikes; 0 where it has none."""
        return (1 << (self.bias_bits - 1)) - 1 if self.bias_bits else 0

    @property
    def _largest_drive(self) -> int:
        """
        What a neuron that spikes adds to the sum of a window at most, by itself.

        What its potential starts with counts in full where it fires when the window is over. Where
        it fires at any tick only the leak does: the start is for rounding.
        """
        if self.firing == "window":
            return self.largest_sum // 2 if self.ramps else self.largest_sum
        return min(self.window * self.largest_leak, self.largest_sum)

    @property
    def holds_every_bias(self) -> bool:
        """
        Whether every integer up to `largest_bias` is a bias, as units of a number need it.

        Where it takes more bias rows than there are, rows that a core leaves free can do it: then
        this is so of `for_inputs`, and of a core that has that many.
        """
        in_rows = self.bias_rows > 1 and self.fine_drives == self.digits and self.largest_weight > 0
        return self.spikes or self.bias_bits > 1 or in_rows

    @property
    def units_possible(self) -> bool:
        """Whether a core can hold every bias, if need be by rows that it leaves free."""
        return self.holds_every_bias or self.for_inputs(1).holds_every_bias

    @property
    def fine_drives(self) -> tuple[int, ...]:
        """
        The constants on the last of several bias rows; those before have the largest code.

        Where the rows are too few for all digits it is one row, whose steps reach as far.
        """
        if len(self.digits) < self.bias_rows and self.digits[0] <= self.largest_code:
            return self.digits
        return (max(1, -(-(self.largest_code // 2) // max(1, self.largest_weight))),)

    @property
    def digits(self) -> tuple[int, ...]:
        """
        Constants of which every rest of the largest code is a sum, with the target's weights.

        These are digits to the base of a weight's levels; the largest come first.
        """
        rest, base, digits = self.largest_code // 2, 2 * max(1, self.largest_weight) + 1, [1]
        while sum(digits) * self.largest_weight < rest and len(digits) < self.signal_bits:
            digits.insert(0, digits[0] * base)
        return tuple(digits)

    def with_fields(self, changes: dict[str, FieldValue]) -> "Target":
        """A copy with some fields changed. Raises `CorelowerError` for a field that is none."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise CorelowerError(
                    f"target '{self.name}' has no field '{name}'; it has {', '.join(known)}"
                )
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]


def is_ramp(reset: str, firing: str) -> bool:
    """Whether neurons that spike so have a leak that is a ramp, see `Target.ramps`."""
    return (reset, firing) == ("zero", "window")


def change_both(
    target: Target, alternate: Target, changes: dict[str, FieldValue]
) -> tuple[Target, Target]:
    """
    A target and its alternate with some fields changed, each where it belongs.

    The window goes to the one that spikes, the bits of a signal to the other; gains are those of
    `target`; all else is of both. Raises `CorelowerError`.
    """
    own = {name: value for name, value in changes.items() if name not in _foreign(target)}
    others = (*_foreign(alternate), *OF_ONE_KIND)
    shared = {name: value for name, value in changes.items() if name not in others}
    return target.with_fields(own), alternate.with_fields(shared)


def _foreign(target: Target) -> tuple[str, ...]:
    """Fields that are of neurons of the other kind."""
    return OF_GRADED if target.spikes else OF_SPIKES
