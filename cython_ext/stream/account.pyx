"""An account of several positions and coins, a mark of each at a time."""

cimport cython_ext._loop.numpy_api as cnp
from libc.string cimport memcpy, memset

cimport shortgamma.kernels.liquidation.account as formula
from cython_ext.liquidation._accounts cimport Account as Kept
from cython_ext.liquidation._accounts cimport (
    Market, doubles, instruments_of, new_account, numbers, open_account, pay, room, settle, trade,
)
from cython_ext.stream._arguments cimport number
from shortgamma.kernels.liquidation.account cimport CLOSE, Lot, value_of
from shortgamma.kernels.numeric.exact cimport NO_MEMORY
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

from collections.abc import Mapping
from copyreg import __newobj__

from numpy import array, ascontiguousarray, float64

from shortgamma.liquidation import account as accounts

cnp.import_array()

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"

cdef enum:
    # what `deficits` takes at a time, of which one is used
    BARS = 8
    # events that there is room for at first
    EVENTS = 16


cdef object named(given):
    """A Series of pandas with names by its names, so that positions never decide; all else as it is."""
    index = getattr(given, "index", None)
    if hasattr(given, "to_dict") and all(isinstance(label, str) for label in index):
        return given.to_dict()
    return given


cdef class Account:
    """An account of several positions and coins, a mark of each at a time.

    Parameters
    ----------
    quantity, entry : array_like or mapping
        Contracts (> 0 long) and entry prices > 0 of each instrument at the start; the entry of an empty position does
        not matter.
    collateral : array_like or mapping
        Balance of each coin without unrealised profit; < 0 is debt.
    contracts : sequence of Contract or str
        The instruments.
    maintenance : float, Tiers, RiskLimits, RisingMargin, or a sequence of these
        Maintenance margin: one for all, or one for each instrument.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to; needed where there are several.
    fee : array_like, default 0.0
        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.
    haircut : array_like, default 0.0
        Fraction of a positive balance that does not count, in [0, 1]: a number, or one for each coin.

    Attributes
    ----------
    contracts, coins, maintenance, fee, haircut
        As given.
    value : bool
        Whether the account was liquidated.
    quantity, entry : tuple of float
        Contracts of each instrument, and their mean entry; the entry of an empty position is NaN.
    balance : tuple of float
        Balance of each coin without unrealised profit, realised profit and funding included.
    equity, maintenance_margin, margin_ratio : float
        At the last marks, in the reporting coin; NaN before the first.
    initialized : bool
        Whether there was a mark.

    Raises
    ------
    ValueError
        If a number is out of its range, or a coin of settlement is missing.
    TypeError
        If ``contracts`` holds no Contracts.

    See Also
    --------
    shortgamma.liquidation.account_first_breach : The same for whole paths; it is liquidated on the same bar.

    Examples
    --------
    A short in the quanto contract, hedged in the linear one:

    >>> import shortgamma as sg
    >>> linear = sg.contracts.Contract("linear", settlement="USD")
    >>> account = sg.stream.Account(
    ...     [-100.0, 1.0], [200.0, 200.0], [0.0, 50.0], contracts=["ETHUSD", linear], coins=["XBT", "USD"],
    ...     maintenance=0.0)
    >>> [account.update([eth, eth], [btc, 1.0]) for eth, btc in ((200.0, 10_000.0), (290.0, 14_500.0))]
    [False, False]
    >>> round(account.equity, 6)
    9.5
    >>> account.update([310.0, 310.0], [15_500.0, 1.0])
    True
    """

    cdef readonly tuple contracts, coins
    cdef readonly object maintenance, fee, haircut
    cdef readonly bint value, initialized
    cdef object book
    cdef tuple start
    # memory, and the structs that point into it
    cdef list memory
    cdef Market market
    cdef Kept kept
    cdef Py_ssize_t capacity, used
    cdef bint settled
    # marks and prices of coins of the last update, and of one that is being read
    cdef double* mark
    cdef double* fx
    cdef double* new_mark
    cdef double* new_fx
    cdef double* new_rate
    # funding paid on a contract so far
    cdef double* paid

    def __init__(
        self, quantity, entry, collateral, *, contracts, maintenance, coins=None, fee=0.0, haircut=0.0,
    ):
        book = accounts.book_of(contracts, coins, named(collateral), maintenance, fee, haircut)
        held, opened, cash = accounts.positions_of(book, named(quantity), named(entry), named(collateral))
        for name, numbers_given in (("quantity", held), ("entry", opened), ("collateral", cash)):
            if numbers_given.ndim != 1:
                raise ValueError(f"{name} must have one dimension, got shape {numbers_given.shape}")
        self.maintenance, self.fee, self.haircut = maintenance, fee, haircut
        self.contracts, self.coins = book.contracts, tuple(book.coins)
        self.book = book
        self.start = tuple(ascontiguousarray(given, float64) for given in (held, opened, cash))
        self.reset()

    def reset(self):
        """Forget all marks, fills, transfers and payments."""
        cdef bint outside = False
        cdef int i
        self.memory = []
        self.make_market()
        new_account(&self.kept, self.memory, self.market.instruments, self.market.coins, EVENTS)
        self.capacity, self.used = EVENTS, 0
        if open_account(
            &self.kept, &self.market, numbers(self.start[0]), numbers(self.start[1]), numbers(self.start[2]), &outside,
        ) < -1:
            raise ValueError("quantity, entry and collateral must be finite, and entry > 0 where quantity is not 0")
        for i in range(self.market.instruments):
            self.mark[i] = NAN
        for i in range(self.market.coins):
            self.fx[i] = NAN
        self.value = self.initialized = self.settled = False

    cdef int make_market(self) except -1:
        """The terms of the instruments, and rows of one price."""
        cdef Market* market = &self.market
        cdef Py_ssize_t instruments, coins, i
        memset(market, 0, sizeof(Market))
        terms = self.book.terms()
        # the loops' arrays live as long as what points to them
        self.memory += [terms, self.book.weight]
        instruments, coins = len(terms.multiplier), len(self.book.weight)
        market.bars, market.wide = 1, BARS
        market.instruments, market.coins = <int> instruments, <int> coins
        market.instrument = instruments_of(self.memory, terms)
        market.weight = numbers(self.book.weight)
        market.top, market.fx_top = doubles(self.memory, instruments), doubles(self.memory, coins)
        market.value, market.gain = doubles(self.memory, BARS * instruments), doubles(self.memory, BARS * instruments)
        market.fx = doubles(self.memory, BARS * coins)
        self.mark, self.new_mark = doubles(self.memory, instruments), doubles(self.memory, instruments)
        self.fx, self.new_fx = doubles(self.memory, coins), doubles(self.memory, coins)
        self.paid, self.new_rate = doubles(self.memory, instruments), doubles(self.memory, instruments)
        for i in range(BARS * instruments):
            market.value[i] = market.gain[i] = NAN
        for i in range(BARS * coins):
            market.fx[i] = NAN
        return 0

    cdef int check(self) except -1:
        if self.book is None:
            raise TypeError("Account was not initialised: it begins with Account(quantity, entry, collateral, ...)")
        return 0

    cdef int read(self, str name, given, double* target, Py_ssize_t count) except -1:
        """Numbers of instruments or coins, in their order."""
        cdef Py_ssize_t i
        if not isinstance(given, (list, tuple)):
            given = array(accounts.last(name, given)).tolist()
        if len(given) != count:
            raise ValueError(f"{name} must have {count} number{'s' * (count != 1)}, got {len(given)}")
        for i in range(count):
            target[i] = number(name, given[i])
        return 0

    cdef int read_prices(self, mark, fx) except -1:
        cdef Py_ssize_t instruments = self.market.instruments, coins = self.market.coins
        cdef bint plain = type(mark) is list or type(mark) is tuple
        # asking what is a mapping takes longer than all else
        if not (plain and (fx is None or type(fx) is list or type(fx) is tuple)):
            mark, fx = named(mark), named(fx)
            if isinstance(mark, Mapping) or isinstance(fx, Mapping):
                mark, fx = accounts.prices_of(self.book, mark, fx)
        self.read("mark", mark, self.new_mark, instruments)
        if fx is not None:
            self.read("fx", fx, self.new_fx, coins)
        elif coins == 1:
            self.new_fx[0] = 1.0
        else:
            raise ValueError(f"fx must give the prices of the {coins} coins in the reporting coin, got None")
        return 0

    cdef int pay_funding(self, const double* mark, funding) except -1:
        """Funding of what is held, at these marks."""
        cdef Py_ssize_t count = self.market.instruments, i
        funding = named(funding)
        if isinstance(funding, Mapping):
            funding = accounts.by_name("funding", funding, accounts.instrument_keys(self.contracts), "contracts")
        self.read("funding", funding, self.new_rate, count)
        for i in range(count):
            if absolute(self.new_rate[i]) == INFINITY:
                raise ValueError(f"funding[{i}] must be finite, got {self.new_rate[i]!r}")
        for i in range(count):
            if 0.0 < mark[i] < INFINITY and self.new_rate[i] == self.new_rate[i]:
                self.paid[i] += value_of(&self.market.instrument[i], mark[i]) * self.new_rate[i]
        return 0

    def update(self, mark, fx=None, *, funding=None):
        """Whether the account is, or was already, liquidated.

        Parameters
        ----------
        mark : sequence of float or mapping
            Mark price of each instrument, or by the names of contracts or underlyings. One that is unknown (NaN) or
            invalid of something that is held leaves the account unjudged.
        fx : sequence of float or mapping, optional
            Price of each coin in the reporting coin; 1 where there is one coin alone.
        funding : sequence of float or mapping, optional
            Funding rates that are paid now, > 0 by longs, on what is held, at these marks; NaN is no payment. Where
            there are fills at this bar too, call `pay` before them.

        Returns
        -------
        bool
            The value.
        """
        cdef Py_ssize_t i
        self.check()
        self.read_prices(mark, fx)
        if funding is not None:
            self.pay_funding(self.new_mark, funding)
        for i in range(self.market.instruments):
            self.mark[i] = self.new_mark[i]
        for i in range(self.market.coins):
            self.fx[i] = self.new_fx[i]
        self.initialized = True
        if not self.value:
            self.value = self.judge()
        return self.value

    cdef bint judge(self) except -1:
        """Whether more is required than there is, at the last marks."""
        cdef Market* market = &self.market
        cdef Py_ssize_t i, k
        cdef double deficit[BARS]
        cdef double p, v, error
        cdef int leg, decision
        for i in range(market.instruments):
            p = self.mark[i] if 0.0 < self.mark[i] < INFINITY else NAN
            v = value_of(&market.instrument[i], p)
            market.value[BARS * i] = v
            market.gain[BARS * i] = (-v if market.instrument[i].inverse else v) - self.paid[i]
            if v + absolute(self.paid[i]) > market.top[i]:
                market.top[i] = v + absolute(self.paid[i])
                self.settled = False
        for i in range(market.coins):
            p = self.fx[i] if 0.0 < self.fx[i] < INFINITY else NAN
            market.fx[BARS * i] = p
            if p > market.fx_top[i]:
                market.fx_top[i] = p
                self.settled = False
        if not self.settled:
            if not settle(&self.kept, market):
                raise MemoryError
            self.settled = True
            for leg in range(self.kept.book.legs):
                i = self.kept.book.leg[leg].instrument
                self.kept.rows.value[leg], self.kept.rows.gain[leg] = market.value + BARS * i, market.gain + BARS * i
            for k in range(self.kept.book.coins):
                i = self.kept.book.coin[k].index
                self.kept.rows.fx_low[k] = self.kept.rows.fx_high[k] = market.fx + BARS * i
                self.kept.rows.pick[k] = CLOSE
        if self.kept.book.coins == 0:
            return False
        formula.deficits(&self.kept.book, &self.kept.rows, 0, BARS, deficit)
        error = 0.0 if self.kept.inexact else self.kept.error
        if error < LARGEST:
            if not deficit[0] >= -error:
                return False
            if deficit[0] > error:
                return True
        if self.kept.inexact:
            return False
        decision = self.decide()
        if decision == NO_MEMORY:
            raise MemoryError
        return decision

    cdef int decide(self) noexcept:
        """The same without rounding; what is unknown decides nothing."""
        cdef Market* market = &self.market
        cdef Py_ssize_t i
        cdef int leg, k
        for leg in range(self.kept.book.legs):
            i = self.kept.book.leg[leg].instrument
            if not 0.0 < self.mark[i] < INFINITY:
                return 0
            self.kept.quotes.price[i], self.kept.quotes.paid[i] = self.mark[i], self.paid[i]
        for k in range(self.kept.book.coins):
            i = self.kept.book.coin[k].index
            if not 0.0 < self.fx[i] < INFINITY:
                return 0
            self.kept.quotes.fx_low[i] = self.kept.quotes.fx_high[i] = self.fx[i]
        return formula.decide(&self.kept.book, market.instrument, &self.kept.quotes)

    cdef int make_room(self) except -1:
        """Room for one more event."""
        cdef Py_ssize_t lots = self.market.instruments + self.capacity + 1, cashes = self.market.coins + self.capacity
        cdef Lot* lot = self.kept.book.lot
        cdef double* cash = self.kept.book.cash
        cdef int* coin = self.kept.book.cash_coin
        if self.used == self.capacity:
            self.kept.book.lot = <Lot*> room(self.memory, (lots + self.capacity) * <Py_ssize_t> sizeof(Lot))
            self.kept.book.cash = doubles(self.memory, cashes + self.capacity)
            self.kept.book.cash_coin = <int*> room(self.memory, (cashes + self.capacity) * <Py_ssize_t> sizeof(int))
            self.kept.lots = doubles(self.memory, lots + self.capacity)
            memcpy(self.kept.book.lot, lot, lots * sizeof(Lot))
            memcpy(self.kept.book.cash, cash, cashes * sizeof(double))
            memcpy(self.kept.book.cash_coin, coin, cashes * sizeof(int))
            self.capacity *= 2
        self.used += 1
        self.kept.events += 1
        self.settled = False
        return 0

    def fill(self, instrument, quantity, price):
        """A trade, which counts from the next `update` on.

        Parameters
        ----------
        instrument : int or str
            Its place among the contracts, or its name.
        quantity : float
            Contracts, > 0 bought.
        price : float
            Price, > 0.
        """
        self.check()
        cdef Py_ssize_t i = accounts.place_of("instrument", instrument, accounts.instrument_keys(self.contracts))
        cdef double traded = number("quantity", quantity), at = number("price", price)
        if not -INFINITY < traded < INFINITY:
            raise ValueError(f"quantity must be finite, got {quantity!r}")
        if not 0.0 < at < INFINITY:
            raise ValueError(f"price must be a finite number > 0, got {price!r}")
        if traded != 0.0:
            self.make_room()
            trade(&self.kept, &self.market, <int> i, traded, at, self.paid[i])

    def transfer(self, coin, amount):
        """A deposit (> 0) or a withdrawal, which counts from the next `update` on.

        Parameters
        ----------
        coin : int or str
            Its place among the coins, or its name.
        amount : float
            Amount in the coin.
        """
        self.check()
        cdef Py_ssize_t k = accounts.place_of("coin", coin, [(name,) for name in self.coins])
        cdef double received = number("amount", amount)
        if not -INFINITY < received < INFINITY:
            raise ValueError(f"amount must be finite, got {amount!r}")
        self.make_room()
        pay(&self.kept, <int> k, received)

    def pay(self, mark, funding):
        """Funding of what is held; fills of the same bar come after it.

        Parameters
        ----------
        mark : sequence of float or mapping
            Mark prices at which it is paid.
        funding : sequence of float or mapping
            Rates, > 0 paid by longs; NaN is no payment.
        """
        self.check()
        mark = named(mark)
        if isinstance(mark, Mapping):
            mark = accounts.by_name("mark", mark, accounts.instrument_keys(self.contracts), "contracts")
        self.read("mark", mark, self.new_mark, self.market.instruments)
        self.pay_funding(self.new_mark, funding)

    @property
    def quantity(self):
        self.check()
        return tuple([self.kept.quantity[i] for i in range(self.market.instruments)])

    @property
    def entry(self):
        self.check()
        return tuple([self.entry_of(i) for i in range(self.market.instruments)])

    cdef double entry_of(self, Py_ssize_t i):
        cdef double multiplier = self.market.instrument[i].multiplier, opened = self.kept.opened[i]
        if self.kept.quantity[i] == 0.0:
            return NAN
        return multiplier / opened if self.market.instrument[i].inverse else opened / multiplier

    @property
    def balance(self):
        cdef Py_ssize_t i
        self.check()
        balances = [self.kept.base[k] for k in range(self.market.coins)]
        for i in range(self.market.instruments):
            if self.kept.quantity[i] != 0.0:
                gain = -self.kept.opened[i] if self.market.instrument[i].inverse else self.kept.opened[i]
                balances[self.market.instrument[i].coin] += self.kept.quantity[i] * (gain - self.paid[i])
        return tuple(balances)

    def _prices(self):
        mark = [self.mark[i] for i in range(self.market.instruments)]
        return mark, [self.fx[k] for k in range(self.market.coins)]

    @property
    def equity(self):
        mark, fx = self._prices()
        return float(accounts.account_equity(
            mark, fx, self.quantity, self.entry, self.balance, contracts=self.contracts, coins=self.coins,
            haircut=self.haircut))

    @property
    def maintenance_margin(self):
        mark, fx = self._prices()
        return float(accounts.account_maintenance(
            mark, fx, self.quantity, contracts=self.contracts, coins=self.coins, maintenance=self.maintenance,
            fee=self.fee, entry=self.entry))

    @property
    def margin_ratio(self):
        mark, fx = self._prices()
        return float(accounts.account_margin_ratio(
            mark, fx, self.quantity, self.entry, self.balance, contracts=self.contracts, coins=self.coins,
            maintenance=self.maintenance, fee=self.fee, haircut=self.haircut))

    def __repr__(self):
        held = ", ".join(f"{q:g} of {c.name or c.kind}" for q, c in zip(self.quantity, self.contracts) if q)
        state = f"margin_ratio={self.margin_ratio:.4g}" if self.initialized else "no mark yet"
        return f"Account({held or 'flat'}): {state}, value={bool(self.value)}"

    cdef list arrays(self):
        """Where what the account holds is kept: addresses and lengths in bytes."""
        cdef Py_ssize_t n = self.market.instruments, m = self.market.coins
        return [
            (<size_t> self.kept.book.lot, self.kept.book.lots * <Py_ssize_t> sizeof(Lot)),
            (<size_t> self.kept.book.cash, self.kept.book.cashes * <Py_ssize_t> sizeof(double)),
            (<size_t> self.kept.book.cash_coin, self.kept.book.cashes * <Py_ssize_t> sizeof(int)),
            (<size_t> self.kept.quantity, n * 8), (<size_t> self.kept.gross, n * 8), (<size_t> self.kept.opened, n * 8),
            (<size_t> self.kept.rounded, n * <Py_ssize_t> sizeof(self.kept.rounded[0])),
            (<size_t> self.kept.base, m * 8), (<size_t> self.kept.coin_gross, m * 8),
            (<size_t> self.kept.used, m * <Py_ssize_t> sizeof(self.kept.used[0])),
            (<size_t> self.market.top, n * 8), (<size_t> self.market.fx_top, m * 8), (<size_t> self.paid, n * 8),
            (<size_t> self.mark, n * 8), (<size_t> self.fx, m * 8),
        ]

    def __getstate__(self):
        cdef size_t address
        cdef Py_ssize_t length
        held = []
        for address, length in self.arrays():
            held.append((<char*> address)[:length])
        return (
            (self.contracts, self.coins, self.maintenance, self.fee, self.haircut, self.book, self.start),
            (self.capacity, self.used, self.kept.book.lots, self.kept.book.cashes, self.kept.events), held,
            self.value, self.initialized, getattr(self, "__dict__", None),
        )

    def __setstate__(self, state):
        cdef size_t address
        cdef Py_ssize_t length
        cdef bytes data
        terms, counts, held, value, initialized, attributes = state
        self.contracts, self.coins, self.maintenance, self.fee, self.haircut, self.book, self.start = terms
        self.memory = []
        self.make_market()
        self.capacity, self.used, lots, cashes, events = counts
        new_account(&self.kept, self.memory, self.market.instruments, self.market.coins, self.capacity)
        self.kept.book.lots, self.kept.book.cashes, self.kept.events = lots, cashes, events
        for (address, length), data in zip(self.arrays(), held):
            memcpy(<void*> address, <char*> data, length)
        self.value, self.initialized, self.settled = value, initialized, False
        if attributes:
            self.__dict__.update(attributes)

    def __reduce__(self):
        return __newobj__, (type(self),), self.__getstate__()
