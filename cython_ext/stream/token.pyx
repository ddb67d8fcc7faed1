"""Net asset value of a leveraged token by its rule, a bar at a time."""

from libc.string cimport memset

cimport shortgamma.kernels.leverage.token as formula
from cython_ext.stream._arguments cimport nanoseconds, number
from shortgamma.kernels.leverage.token cimport (
    AT_OPEN, CHANGE, CLOCK, CLOCK_AT_OPEN, UNKNOWN, WIPED_OUT, Bar, Inputs, Rule,
)
from shortgamma.kernels.leverage.token cimport Token as Holding
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

from copyreg import __newobj__

from numpy import array

from shortgamma._core.clocks import following, passes, time_of_day
from shortgamma._core.times import DAY, YEAR, moment
from shortgamma.leverage._bars import check_periods, labels_opens, refuse_rates_without_time
from shortgamma.leverage._plans import DAYS, fee_of, numbers_of, watched
from shortgamma.leverage._token_rule import TokenRule

cdef double NANOSECONDS_A_YEAR = YEAR
cdef long long NANOSECONDS_A_DAY = DAY
cdef long long LATEST = 0x7fffffffffffffff

# What the first bar came with; all others must too.
cdef enum:
    TIME = 1
    EXTREMES = 2
    OPEN = 4

cdef struct Span:
    # Where a bar lies: when it closed; from when, past which middle and until when it answers for times of day, the
    # open up to the middle; the shortest bar so far; its length in years.
    long long close
    long long past
    long long middle
    long long until
    long long step
    double years


cdef inline long long days(long long duration) noexcept:
    """Whole days, also of times before 1970."""
    cdef long long count = duration // NANOSECONDS_A_DAY
    return count - 1 if duration % NANOSECONDS_A_DAY < 0 else count


cdef class Token:
    """Net asset value of a leveraged token by its rule, a bar at a time.

    Parameters
    ----------
    rule : TokenRule
        What it does: clocks, triggers, costs. Splits and merges change the number of tokens, not this value.
    initial : float, default 1.0
        NAV at the first bar, > 0.
    stamp : {"open", "close"}, optional
        Whether times are those at which bars open or close; see `shortgamma.leverage.simulate`.
    periods_per_year : float, optional
        Bars in a year, for rates a year where no times are given.

    Attributes
    ----------
    rule, initial, stamp, periods_per_year
        As given.
    value : float
        NAV after the last bar; NaN before the first, and after an invalid price.
    exposure : float
        Exposure after the last bar, in money, signed.
    leverage : float
        Exposure over NAV; 0 once it is wiped out.
    rebalances : int
        How often it was rebalanced.
    bars : int
        How many bars there were.
    wiped_out : bool
        Whether its NAV has gone to 0.
    initialized : bool
        Whether there was a bar.

    Raises
    ------
    ValueError
        If a number is out of its range, or the rule goes by the calendar and a bar comes without ``time``.
    TypeError
        If ``rule`` is not a TokenRule.

    See Also
    --------
    shortgamma.leverage.simulate : The same for whole paths; its NAVs have the same bits.

    Examples
    --------
    3x, rebalanced when the leverage reaches 4, which it does on the way to 80:

    >>> import shortgamma as sg
    >>> token = sg.stream.Token(sg.leverage.TokenRule(3.0, upper=4.0))
    >>> [round(token.update(price), 4) for price in (100.0, 80.0, 88.0)]
    [1.0, 0.4667, 0.6467]
    >>> token.rebalances
    1

    With a clock, bars have times:

    >>> token = sg.stream.Token(sg.leverage.TokenRule(3.0, at="00:00"), stamp="close")
    >>> days = ("2020-03-01", "2020-03-02", "2020-03-03")
    >>> [round(token.update(price, time=day), 4) for price, day in zip((100.0, 110.0, 99.0), days)]
    [1.0, 1.3, 0.91]
    """

    cdef readonly object rule, stamp, periods_per_year
    cdef readonly double initial
    cdef readonly Py_ssize_t bars
    cdef Rule terms
    cdef Holding held
    cdef Span span
    cdef long long time
    cdef int came_with
    # whether times are those of opens, and whether triggers watch opens
    cdef bint opened, opens
    # when a clock shows its time next, the earliest of all; how many changes are done
    cdef long long due_next
    cdef Py_ssize_t changed
    # read from the rule
    cdef double daily, expense, spread
    cdef Py_ssize_t every
    cdef object clocks, fee_clock, changes

    def __init__(self, rule, *, initial=1.0, stamp=None, periods_per_year=None):
        if not isinstance(rule, TokenRule):
            raise TypeError(f"rule must be a TokenRule, got {type(rule).__name__}")
        cdef double money = number("initial", initial)
        if not 0.0 < money < INFINITY:
            raise ValueError(f"initial must be > 0 and finite, got {initial!r}")
        if stamp is not None:
            labels_opens(stamp, False, False)
        self.periods_per_year = check_periods(periods_per_year)
        self.initial = money
        self.stamp = stamp
        self.read(rule)
        self.reset()

    cdef int read(self, rule) except -1:
        self.rule = rule
        self.clocks = tuple(time_of_day("at", text) for text in rule.at or ())
        self.fee_clock = None if rule.paid_at is None or rule.expense == 0.0 else time_of_day("paid_at", rule.paid_at)
        self.daily = rule.expense / DAYS
        self.expense = rule.expense if rule.paid_at is None else 0.0
        self.spread = rule.spread
        self.every = rule.every or 0
        self.changes = tuple((moment("changes", text), target) for text, target in rule.changes)
        return 0

    def reset(self):
        """Forget all bars."""
        memset(&self.held, 0, sizeof(Holding))
        self.held.status = UNKNOWN
        self.held.cash = self.held.units = NAN
        self.bars = self.changed = 0

    @property
    def initialized(self):
        return self.bars > 0

    @property
    def value(self):
        return formula.nav_of(&self.held)

    @property
    def exposure(self):
        return self.held.units * self.held.price

    @property
    def leverage(self):
        return formula.leverage_at(formula.nav_of(&self.held), self.held.units * self.held.price)

    @property
    def rebalances(self):
        return int(self.held.rebalances)

    @property
    def wiped_out(self):
        return self.held.status == WIPED_OUT

    def update(
        self, price, *, time=None, high=None, low=None, open=None, financing=0.0, funding=0.0, dividend=0.0,
    ):
        """NAV after a bar.

        Parameters
        ----------
        price : float
            Close, > 0.
        time : time, optional
            When the bar closed, or opened, by ``stamp``; at every bar or at none.
        high, low, open : float, optional
            The other prices of the bar, at every bar or at none.
        financing : float, default 0.0
            Rate a year over this bar on what is borrowed; uninvested cash earns it.
        funding : float, default 0.0
            Funding rate that is paid at the close of this bar.
        dividend : float, default 0.0
            Money paid at this bar for a unit of the underlying held at the close before.

        Returns
        -------
        float
            The value; NaN from an invalid price on.
        """
        cdef Inputs inputs
        cdef Bar bar
        cdef Span span
        cdef long long now = 0, due_next = self.due_next
        cdef Py_ssize_t changed = self.changed
        cdef int came_with = 0
        if self.rule is None:
            raise TypeError("Token was not initialised: it begins with Token(rule)")
        memset(&inputs, 0, sizeof(Inputs))
        inputs.price = number("price", price)
        if time is not None:
            now = nanoseconds("time", time)
            came_with |= TIME
        if (high is None) != (low is None):
            raise ValueError("high and low go together: give both or none")
        if high is not None:
            inputs.high, inputs.low = number("high", high), number("low", low)
            came_with |= EXTREMES
        if open is not None:
            inputs.open = number("open", open)
            came_with |= OPEN
        inputs.financing, inputs.funding = number("financing", financing), number("funding", funding)
        inputs.dividend = number("dividend", dividend)
        if self.periods_per_year is None and time is None:
            if inputs.financing != 0.0:
                refuse_rates_without_time("financing")
        if self.bars == 0:
            self.begin(&inputs, now, came_with)
            return formula.nav_of(&self.held)
        self.check(now, came_with)
        span = self.next_span(now)
        inputs.number = <double> self.bars
        inputs.financing = inputs.financing * span.years
        inputs.spread = self.spread * span.years
        inputs.expense = self.expense * span.years
        self.watch(&inputs)
        self.look_at_clocks(&inputs, &span, &changed, &due_next)
        formula.advance(&self.terms, &inputs, &self.held, &bar)
        self.bars += 1
        self.time, self.span, self.due_next, self.changed = now, span, due_next, changed
        return formula.nav_of(&self.held)

    cdef int begin(self, Inputs* inputs, long long now, int came_with) except -1:
        """The first bar, at whose close the token is bought."""
        cdef double leverage = self.rule.leverage
        cdef Py_ssize_t changed = 0
        high, low, open = inputs.high, inputs.low, inputs.open
        if not came_with & EXTREMES:
            high = low = None
        series = watched([self.rule], array(inputs.price), high, low, open if came_with & OPEN else None, all_used=True)
        opened = False
        if came_with & TIME:
            opened = labels_opens(self.stamp, series.open is not None, self.rule.has_clock)
        elif self.rule.needs_time:
            raise ValueError("time is needed: the rule goes by the calendar")
        elif self.stamp is not None:
            raise ValueError("stamp tells what time labels, and there is no time")
        elif self.periods_per_year is None and (self.expense != 0.0 or self.spread != 0.0):
            refuse_rates_without_time("expense" if self.expense != 0.0 else "spread")
        self.terms = numbers_of(self.rule, series)
        self.opens, self.opened, self.came_with = series.opens_of(self.rule), opened, came_with
        self.time = self.span.close = self.span.until = now
        self.span.step = 0
        while changed < len(self.changes) and self.changes[changed][0] <= now:
            leverage = self.changes[changed][1]
            changed += 1
        self.changed = changed
        self.due_next = self.next_due(now)
        formula.buy(&self.terms, &self.held, leverage, self.initial, inputs.price)
        if self.held.status == UNKNOWN:
            formula.lose(&self.held)
        self.bars = 1
        return 0

    cdef int check(self, long long now, int came_with) except -1:
        if came_with != self.came_with:
            names = {TIME: "time", EXTREMES: "high and low", OPEN: "open"}
            for part, name in names.items():
                if (came_with ^ self.came_with) & part:
                    verb = "needed, as" if self.came_with & part else "not expected: it was not given"
                    raise ValueError(f"{name}: {verb} at the first bar")
        if came_with & TIME and now <= self.time:
            raise ValueError("time must be later than that of the bar before")
        return 0

    cdef Span next_span(self, long long now) except *:
        """Where a bar lies, as `shortgamma.leverage._bars` has it for many."""
        cdef Span span
        cdef long long length = now - self.span.close, reach, last, half
        cdef bint has_open = self.came_with & OPEN
        memset(&span, 0, sizeof(Span))
        if self.came_with & TIME:
            if self.opened:
                length += self.span.step
            if self.span.step != 0:
                length = min(length, self.span.step)
            half = max(length - 1, 0) // 2
            reach = 0 if has_open else half
            span.step = length
            span.close = now + length if self.opened else now
            if self.span.step != 0:
                last, span.past = self.span.close, self.span.until
            else:
                last = self.span.close + (length if self.opened else 0)
                span.past = last + reach
            span.until = max(span.past, span.close + reach)
            span.middle = span.past
            if has_open:
                span.middle = min(max(span.past, span.close - length + half), span.until)
            span.years = <double> (span.close - last) / NANOSECONDS_A_YEAR
        if self.periods_per_year is not None:
            span.years = 1.0 / <double> self.periods_per_year
        return span

    cdef void watch(self, Inputs* inputs) noexcept:
        """Where triggers watch opens too, highs and lows include them."""
        if not self.opens:
            return
        if not self.came_with & EXTREMES:
            inputs.high = inputs.low = inputs.open
            return
        if inputs.open > inputs.high or inputs.open != inputs.open:
            inputs.high = inputs.open
        if inputs.open < inputs.low or inputs.open != inputs.open:
            inputs.low = inputs.open

    cdef int look_at_clocks(
        self, Inputs* inputs, const Span* span, Py_ssize_t* changed, long long* due_next,
    ) except -1:
        """What is due at a bar, and fees at times of day."""
        if self.every > 0 and self.bars % self.every == 0:
            inputs.due |= CLOCK
        elif self.rule.schedule is not None:
            if self.bars >= len(self.rule.schedule):
                raise ValueError(f"schedule of the rule is for {len(self.rule.schedule)} bars, and this is one more")
            if self.rule.schedule[self.bars]:
                inputs.due |= CLOCK
        if not self.came_with & TIME:
            return 0
        while changed[0] < len(self.changes) and self.changes[changed[0]][0] <= span.close:
            inputs.due |= CHANGE
            inputs.target = self.changes[changed[0]][1]
            changed[0] += 1
        if span.until < due_next[0]:
            return 0
        for clock in self.clocks:
            past, middle, until = self.passed(clock, span)
            if self.terms.fill == AT_OPEN:
                # noticed within the bar, and traded at the next open
                middle = past
            if middle > past:
                inputs.due |= CLOCK_AT_OPEN
            if until > middle:
                inputs.due |= CLOCK
        if self.fee_clock is not None:
            past, middle, until = self.passed(self.fee_clock, span)
            inputs.fee_at_open, inputs.fee_at_close = self.fee(middle - past), self.fee(until - middle)
        due_next[0] = self.next_due(span.until)
        return 0

    cdef tuple passed(self, long long clock, const Span* span):
        """How often a time of day had come before a bar, at its middle, and at its end."""
        if self.rule.zone == "UTC":
            return days(span.past - clock), days(span.middle - clock), days(span.until - clock)
        return tuple(passes(clock, self.rule.zone, array((span.past, span.middle, span.until))).tolist())

    cdef double fee(self, long long times) except? -1.0:
        """A daily fee that was due so many times within a bar."""
        if times < 2:
            return self.daily if times == 1 else 0.0
        return fee_of(self.daily, array([times]))[0]

    cdef long long next_due(self, long long now) except? -1:
        cdef long long earliest = LATEST, clock
        for clock in self.clocks if self.fee_clock is None else (*self.clocks, self.fee_clock):
            if self.rule.zone == "UTC":
                earliest = min(earliest, (days(now - clock) + 1) * NANOSECONDS_A_DAY + clock)
            else:
                earliest = min(earliest, <long long> following(clock, self.rule.zone, now))
        return earliest

    def __repr__(self):
        name = self.rule.name or f"TokenRule({self.rule.leverage:g}, ...)"
        state = f"value={self.value:.6g}, leverage={self.leverage:.4g}" if self.bars else "no bar yet"
        return f"Token({name}, initial={self.initial:g}): {state}"

    def __getstate__(self):
        return (
            self.rule, self.initial, self.stamp, self.periods_per_year, self.bars, self.terms, self.held, self.span,
            self.time, self.came_with, self.opened, self.opens, self.due_next, self.changed,
            getattr(self, "__dict__", None),
        )

    def __setstate__(self, state):
        self.read(state[0])
        (
            _, self.initial, self.stamp, self.periods_per_year, self.bars, self.terms, self.held, self.span,
            self.time, self.came_with, self.opened, self.opens, self.due_next, self.changed, attributes,
        ) = state
        if attributes:
            self.__dict__.update(attributes)

    def __reduce__(self):
        return __newobj__, (type(self),), self.__getstate__()
