"""Loops of the liquidation process: accounts carried along a mark path."""

cimport cython_ext._loop.numpy_api as cnp
from libc.stdlib cimport free, realloc

cimport shortgamma.kernels.liquidation._margin as margins
cimport shortgamma.kernels.liquidation.process as formula
from cython_ext._loop.blocks cimport Status, status_restore, status_save
from cython_ext.liquidation._accounts cimport doubles, numbers, room, whole_numbers
from shortgamma.kernels.liquidation._margin cimport Margin
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

import numpy as np

cnp.import_array()

cdef enum:
    # bars that are looked at together, to find the accounts that nothing can have happened to
    BLOCK = 16

cdef enum:
    CANCEL
    REDUCTION
    TAKEOVER
    DELEVERAGING

cdef enum:
    AT_ONCE
    BY_TIER
    AS_NEEDED

# What happens to an account, and what is tried before a takeover, by the names of the faces.
KINDS = {"cancel": CANCEL, "reduction": REDUCTION, "takeover": TAKEOVER, "deleveraging": DELEVERAGING}
REDUCTIONS = {"none": AT_ONCE, "tier": BY_TIER, "needed": AS_NEEDED}

# Rounding of a sum of a few terms, relative to the largest of them; a bound this near to a breach is no proof.
cdef double DOUBT = 1e-12


cdef struct Event:
    long long bar
    long long account
    long long instrument
    long long coin
    long long kind
    double quantity
    double price
    double fee
    double fund


cdef struct State:
    Py_ssize_t accounts
    Py_ssize_t instruments
    Py_ssize_t coins
    # (instruments,)
    const long long* inverse
    const double* multiplier
    const long long* coin
    const double* slippage
    const Margin* margin
    double* position
    double* basis
    # (accounts, instruments)
    double* quantity
    const double* opened
    long long* tier
    # (accounts, coins)
    double* wallet
    double* orders
    # (coins,)
    double* fund
    double* fees
    # (accounts,)
    double* rank
    char* active
    long long* watched
    bint added
    # the rule
    int reduction
    Py_ssize_t step
    Py_ssize_t first_tier
    double fee
    bint fee_to_fund
    # the bar
    long long bar
    const double* unit
    # what happened
    Event* events
    Py_ssize_t count
    Py_ssize_t room
    bint full


cdef struct Ranges:
    # of the unit values of each instrument on some bars: least, most, and largest size
    double* low
    double* high
    double* far


cdef inline void record(
    State* s, Py_ssize_t account, Py_ssize_t instrument, Py_ssize_t coin, int kind, double quantity, double price,
    double fee, double fund,
) noexcept nogil:
    """One more event on the bar."""
    cdef Event* more
    cdef Event* event
    if s.count == s.room:
        more = <Event*> realloc(s.events, (2 * s.room + 64) * sizeof(Event))
        if more == NULL:
            s.full = True
            return
        s.events = more
        s.room = 2 * s.room + 64
    event = &s.events[s.count]
    s.count += 1
    event.bar = s.bar
    event.account = account
    event.instrument = instrument
    event.coin = coin
    event.kind = kind
    event.quantity = quantity
    event.price = price
    event.fee = fee
    event.fund = fund


cdef inline double equity(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    cdef double result = s.wallet[a * s.coins + c]
    cdef Py_ssize_t i, at
    for i in range(s.instruments):
        if s.coin[i] == c:
            at = a * s.instruments + i
            if s.quantity[at] != 0.0:
                result += s.quantity[at] * (s.unit[i] - s.opened[at])
    return result


cdef inline double margin_unit(const State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    """Unit value by which the margin of a position is measured: that of the mark or of the entry."""
    return s.opened[a * s.instruments + i] if s.margin[i].at_entry else s.unit[i]


cdef inline double required(const State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t at = a * s.instruments + i
    return margins.requirement(&s.margin[i], s.tier[at], s.quantity[at], margin_unit(s, a, i))


cdef inline double slack(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    """Equity that is not tied to orders, less what all positions in the coin need."""
    cdef double need = 0.0
    cdef Py_ssize_t i
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            need += required(s, a, i)
    return equity(s, a, c) - s.orders[a * s.coins + c] - need


cdef inline bint holds(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            return True
    return False


cdef inline void trade(State* s, Py_ssize_t i, double quantity, double unit) noexcept nogil:
    """The market takes so many contracts."""
    s.position[i] += quantity
    s.basis[i] += quantity * unit


cdef inline double fill_of(const State* s, Py_ssize_t i, double side) noexcept nogil:
    return formula.filled(s.inverse[i] != 0, s.unit[i], side, s.slippage[i])


cdef inline double price_at(const State* s, Py_ssize_t i, double unit) noexcept nogil:
    return margins.price_of(s.inverse[i] != 0, s.multiplier[i], unit)


cdef bint reduce(State* s, Py_ssize_t a, Py_ssize_t i, double remaining, Py_ssize_t tier) noexcept nogil:
    """Close down to so many contracts, if that is enough."""
    cdef Py_ssize_t at = a * s.instruments + i, c = s.coin[i], w = a * s.coins + c
    cdef double quantity = s.quantity[at], wallet = s.wallet[w], side = 1.0 if quantity > 0.0 else -1.0
    cdef long long before = s.tier[at]
    cdef double closed = absolute(quantity) - remaining, unit = fill_of(s, i, side)
    cdef double fee = s.fee * closed * absolute(unit)
    s.quantity[at] = side * remaining
    s.tier[at] = tier
    s.wallet[w] = wallet + side * closed * (unit - s.opened[at]) - fee
    if slack(s, a, c) < 0.0:
        s.quantity[at] = quantity
        s.tier[at] = before
        s.wallet[w] = wallet
        return False
    trade(s, i, side * closed, unit)
    if s.fee_to_fund:
        s.fund[c] += fee
    else:
        s.fees[c] += fee
    record(s, a, i, c, REDUCTION, side * closed, price_at(s, i, unit), fee, fee if s.fee_to_fund else 0.0)
    return True


cdef bint step_down(State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    """Close down to the upper edge of a lower tier."""
    cdef const Margin* margin = &s.margin[i]
    cdef Py_ssize_t at = a * s.instruments + i, tier = s.tier[at]
    cdef double held = absolute(s.quantity[at]), edge
    if margin.kind == margins.RISING:
        return False
    if margin.kind == margins.TIERS:
        tier = margins.tier_of(margin, margins.size_of(margin, held, margin_unit(s, a, i)))
    while tier > 0 and tier + 1 >= s.first_tier:
        tier = max(tier - s.step, <Py_ssize_t> 0)
        edge = margin.lower[tier + 1] / margins.size_of(margin, 1.0, margin_unit(s, a, i))
        if reduce(s, a, i, min(edge, held), tier):
            return True
    return False


cdef bint close_what_is_needed(State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    """Close as many contracts as restore the margin."""
    cdef const Margin* margin = &s.margin[i]
    cdef Py_ssize_t at = a * s.instruments + i, c = s.coin[i], tier = s.tier[at], lower
    cdef double quantity = s.quantity[at], held = absolute(quantity), side = 1.0 if quantity > 0.0 else -1.0
    cdef double unit = fill_of(s, i, side), crumb = 1e-12, closed, remaining
    cdef int _attempt
    closed = margins.needed(
        margin, tier, quantity, margin_unit(s, a, i), slack(s, a, c),
        side * (s.unit[i] - unit) + s.fee * absolute(unit))
    # a little more where rounding left a little less than enough
    for _attempt in range(4):
        remaining = held - closed
        if not remaining > 0.0:
            return False
        lower = margins.tier_of(margin, margins.size_of(margin, remaining, margin_unit(s, a, i)))
        if reduce(s, a, i, remaining, min(tier, lower)):
            return True
        closed *= 1.0 + crumb
        crumb *= 16.0
    return False


cdef void deleverage(
    State* s, Py_ssize_t a, Py_ssize_t i, double side, double rest, double bankrupt,
) noexcept nogil:
    """Close the positions of the other side at the bankruptcy price, in order of rank, until nothing rests."""
    cdef Py_ssize_t b, at, best, c = s.coin[i]
    cdef double closed, price = price_at(s, i, bankrupt)
    for b in range(s.accounts):
        at = b * s.instruments + i
        s.rank[b] = NAN
        if b != a and s.quantity[at] * side < 0.0:
            s.rank[b] = formula.rank(s.quantity[at], s.unit[i], s.opened[at], equity(s, b, c))
    while rest > 0.0:
        best = -1
        for b in range(s.accounts):
            if s.rank[b] == s.rank[b] and (best < 0 or s.rank[b] > s.rank[best]):
                best = b
        if best < 0:
            break
        at = best * s.instruments + i
        closed = min(rest, absolute(s.quantity[at]))
        s.wallet[best * s.coins + c] -= side * closed * (bankrupt - s.opened[at])
        s.quantity[at] += side * closed
        s.rank[best] = NAN
        s.added |= not s.active[best]
        s.active[best] = 1
        rest -= closed
        record(s, best, i, c, DELEVERAGING, -side * closed, price, 0.0, 0.0)
    if rest > 0.0:
        trade(s, i, side * rest, bankrupt)
        record(s, s.accounts, i, c, DELEVERAGING, -side * rest, price, 0.0, 0.0)


cdef void take_over(State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    """All positions in a coin, each bearing of the equity what its requirement is of all requirements."""
    cdef Py_ssize_t i, at, w = a * s.coins + c
    cdef double held = equity(s, a, c), total = 0.0, weight, quantity, side, bankrupt, unit, gain, closed, change
    cdef bint by_value
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            total += required(s, a, i)
    by_value = total == 0.0
    if by_value:
        for i in range(s.instruments):
            if s.coin[i] == c:
                total += absolute(s.quantity[a * s.instruments + i] * s.unit[i])
    for i in range(s.instruments):
        at = a * s.instruments + i
        quantity = s.quantity[at]
        if s.coin[i] != c or quantity == 0.0:
            continue
        side = 1.0 if quantity > 0.0 else -1.0
        weight = absolute(quantity * s.unit[i]) if by_value else required(s, a, i)
        bankrupt = s.unit[i] - held * (weight / total) / quantity
        unit = fill_of(s, i, side)
        gain = quantity * (unit - bankrupt)
        closed = quantity
        change = gain
        if s.fund[c] + gain < 0.0:
            closed = quantity * (s.fund[c] / -gain)
            change = -s.fund[c]
        s.fund[c] += change
        trade(s, i, closed, unit)
        s.quantity[at] = 0.0
        record(s, a, i, c, TAKEOVER, quantity, price_at(s, i, bankrupt), 0.0, change)
        if closed != quantity:
            deleverage(s, a, i, side, absolute(quantity - closed), bankrupt)
    s.wallet[w] = 0.0


cdef void liquidate(State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    """Cancel the orders of an account in a coin, then reduce a position, else take all of them over."""
    cdef Py_ssize_t i, at, best, w = a * s.coins + c, _tried
    cdef double last = INFINITY, largest, need
    cdef Py_ssize_t last_at = -1
    if s.orders[w] > 0.0:
        s.orders[w] = 0.0
        record(s, a, s.instruments, c, CANCEL, 0.0, NAN, 0.0, 0.0)
        if slack(s, a, c) >= 0.0:
            return
    if s.reduction != AT_ONCE:
        # the positions by what they need, the largest first; equal ones in order of instruments
        for _tried in range(s.instruments):
            best = -1
            largest = -1.0
            for i in range(s.instruments):
                at = a * s.instruments + i
                if s.coin[i] != c or s.quantity[at] == 0.0:
                    continue
                need = required(s, a, i)
                if (need < last or (need == last and i > last_at)) and need > largest:
                    best = i
                    largest = need
            if best < 0:
                break
            if step_down(s, a, best) if s.reduction == BY_TIER else close_what_is_needed(s, a, best):
                return
            last = largest
            last_at = best
    take_over(s, a, c)


cdef bint is_safe(const State* s, Py_ssize_t a, Py_ssize_t c, const Ranges* ranges) noexcept nogil:
    """Whether nothing can happen to an account while unit values stay in their ranges."""
    cdef double worst = s.wallet[a * s.coins + c] - s.orders[a * s.coins + c]
    cdef double scale = absolute(s.wallet[a * s.coins + c]), quantity, opened, least, most
    cdef Py_ssize_t i, at
    for i in range(s.instruments):
        at = a * s.instruments + i
        quantity = s.quantity[at]
        if s.coin[i] != c or quantity == 0.0:
            continue
        opened = s.opened[at]
        least = quantity * (ranges.low[i] - opened)
        most = quantity * (ranges.high[i] - opened)
        worst += min(least, most) - margins.requirement(
            &s.margin[i], s.tier[at], quantity, opened if s.margin[i].at_entry else ranges.far[i])
        scale += absolute(quantity) * (ranges.far[i] + absolute(opened))
    return worst > DOUBT * scale


cdef Py_ssize_t listed(State* s) noexcept nogil:
    """List the accounts that are watched, in order."""
    cdef Py_ssize_t a, count = 0
    for a in range(s.accounts):
        s.watched[count] = a
        count += s.active[a]
    s.added = False
    return count


cdef void find_ranges(
    const State* s, const double* units, Py_ssize_t begin, Py_ssize_t end, Ranges* ranges,
) noexcept nogil:
    """The ranges of the unit values of each instrument on some bars."""
    cdef Py_ssize_t i, t
    cdef double low, high
    for i in range(s.instruments):
        low, high = INFINITY, -INFINITY
        for t in range(begin, end):
            low = min(low, units[t * s.instruments + i])
            high = max(high, units[t * s.instruments + i])
        ranges.low[i] = low
        ranges.high[i] = high
        ranges.far[i] = max(absolute(low), absolute(high))


cdef void judge_bar(State* s, Py_ssize_t* count) noexcept nogil:
    """Liquidate on the bar until no watched account must be; a counterparty may join the watched."""
    cdef Py_ssize_t k, a, c
    cdef bint again = True
    while again:
        again = False
        k = 0
        while k < count[0]:
            a = s.watched[k]
            for c in range(s.coins):
                if slack(s, a, c) < 0.0 and holds(s, a, c):
                    liquidate(s, a, c)
                    again = True
            if s.added:
                count[0] = listed(s)
                k = 0
                while s.watched[k] < a:
                    k += 1
            k += 1
        if s.full:
            return


cdef void run(State* s, const double* units, Py_ssize_t bars, Ranges* ranges) noexcept nogil:
    """Carry all accounts along the path, BLOCK bars at a time: who is safe on all of them is not looked at."""
    cdef Py_ssize_t begin = 0, end, t, a, c, count
    while begin < bars:
        end = min(begin + BLOCK, bars)
        find_ranges(s, units, begin, end, ranges)
        for a in range(s.accounts):
            s.active[a] = 0
            for c in range(s.coins):
                if not is_safe(s, a, c, ranges) and holds(s, a, c):
                    s.active[a] = 1
        count = listed(s)
        for t in range(begin, end):
            if not count:
                break
            s.bar = t
            s.unit = &units[t * s.instruments]
            judge_bar(s, &count)
            if s.full:
                return
        begin = end


def simulate(units, accounts, terms, rule):
    """Carry accounts along unit values (t, i). The events, an array for each of their fields by name.

    accounts has quantity, tier, wallet, orders, fund, fees, position and basis, which are changed, and opened (unit
    values at entry); terms are those of the instruments, with slippage; rule is a LiquidationRule.
    """
    cdef list kept = []
    cdef State s
    cdef const double* path = numbers(units)
    cdef Py_ssize_t bars = len(units), i
    cdef const long long* code = whole_numbers(terms.margin.code)
    cdef const long long* first = whole_numbers(terms.margin.first)
    cdef const double* lower = numbers(terms.margin.lower)
    cdef const double* rate = numbers(terms.margin.rate)
    cdef const double* amount = numbers(terms.margin.amount)
    cdef Margin* margin
    cdef Ranges ranges
    cdef Status status
    s.accounts, s.instruments, s.coins = len(accounts.quantity), len(terms.multiplier), len(accounts.fund)
    margin = <Margin*> room(kept, s.instruments * <Py_ssize_t> sizeof(Margin))
    for i in range(s.instruments):
        margin[i] = margins.margin_of(
            code[i], first[i + 1] - first[i], lower + first[i], rate + first[i], amount + first[i])
    ranges.low, ranges.high = doubles(kept, s.instruments), doubles(kept, s.instruments)
    ranges.far = doubles(kept, s.instruments)
    s.inverse, s.multiplier = whole_numbers(terms.inverse), numbers(terms.multiplier)
    s.coin, s.slippage, s.margin = whole_numbers(terms.coin), numbers(terms.slippage), margin
    s.position, s.basis = numbers(accounts.position), numbers(accounts.basis)
    s.quantity, s.opened = numbers(accounts.quantity), numbers(accounts.opened)
    s.tier = whole_numbers(accounts.tier)
    s.wallet, s.orders = numbers(accounts.wallet), numbers(accounts.orders)
    s.fund, s.fees = numbers(accounts.fund), numbers(accounts.fees)
    s.rank = doubles(kept, s.accounts)
    s.active = <char*> room(kept, s.accounts)
    s.watched = <long long*> room(kept, (s.accounts + 1) * <Py_ssize_t> sizeof(long long))
    s.added = s.full = False
    s.reduction, s.step, s.first_tier = REDUCTIONS[rule.reduction], rule.step, rule.from_tier
    s.fee, s.fee_to_fund = rule.fee, rule.fee_to == "fund"
    s.events = NULL
    s.count = s.room = 0
    try:
        with nogil:
            status = status_save()
            run(&s, path, bars, &ranges)
            status_restore(status)
        if s.full:
            raise MemoryError
        return columns(&s)
    finally:
        free(s.events)


cdef dict columns(const State* s):
    """The events, by the names of their fields."""
    wholes = {name: np.empty(s.count, np.int64) for name in ("bar", "account", "instrument", "coin", "kind")}
    amounts = {name: np.empty(s.count) for name in ("quantity", "price", "fee", "fund")}
    cdef long long[::1] bar = wholes["bar"], account = wholes["account"], instrument = wholes["instrument"]
    cdef long long[::1] coin = wholes["coin"], kind = wholes["kind"]
    cdef double[::1] quantity = amounts["quantity"], price = amounts["price"], fee = amounts["fee"]
    cdef double[::1] fund = amounts["fund"]
    cdef Py_ssize_t k
    for k in range(s.count):
        bar[k] = s.events[k].bar
        account[k] = s.events[k].account
        instrument[k] = s.events[k].instrument
        coin[k] = s.events[k].coin
        kind[k] = s.events[k].kind
        quantity[k] = s.events[k].quantity
        price[k] = s.events[k].price
        fee[k] = s.events[k].fee
        fund[k] = s.events[k].fund
    return {**wholes, **amounts}
