# cython: language_level=3, cdivision=True
"""Leveraged tokens: what one rebalances by, and what one bar does to it.

Between two trades a token holds units of the underlying and cash (a debt if negative), so its NAV is
cash + units P and its actual leverage units P / NAV. A bound B of the leverage is therefore reached at one price,

    P = B cash / (units (1 - B)),

and a move since the last rebalance at another: nothing happens while prices stay between two constants.
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cdef enum:
    # What a rebalance trades to.
    CONSTANT
    EDGE
    RECENTRED

cdef enum:
    # Where it trades.
    AT_TRIGGER
    AT_CLOSE
    AT_OPEN

cdef enum:
    ALIVE
    WIPED_OUT
    UNKNOWN

cdef enum:
    # What is due at a bar.
    CLOCK = 1
    CHANGE = 2

cdef extern from *:
    """
    /* A bound counts as reached this close to it, relative: prices computed from the bound itself reach it. */
    #define SG_REACHED 1e-12
    /* Between these, one over a price is a number of full precision. */
    #define SG_SMALL 0x1p-1000
    #define SG_LARGE 0x1p1000
    /* Scans take prices between these: one over a price is then of full precision at every bar. */
    #define SG_LEAST 0x1p-900
    #define SG_MOST 0x1p900
    """
    double LEAST "SG_LEAST"
    double MOST "SG_MOST"
    double REACHED "SG_REACHED"
    double SMALL "SG_SMALL"
    double LARGE "SG_LARGE"

cdef struct Rule:
    double lower
    double upper
    double adverse
    double favourable
    double calm_low
    double calm_high
    double calm_move
    double speed
    double minimum
    double maximum
    double largest
    double cooldown
    double buying
    double selling
    double rebalance_fee
    double target
    double fill
    double extremes

cdef struct Token:
    # All doubles: the state that a caller may keep is a row of them.
    double cash
    double units
    double price
    # price of the last rebalance
    double reference
    # target
    double leverage
    # where a rebalance in pieces is going, NaN if there is none, the bar of its last piece, and 1 if it buys
    double goal
    double piece
    double buys
    # a rebalance waits for the next open
    double pending
    double status
    # prices between which nothing happens, and those between which no trigger does
    double low
    double high
    double trigger_low
    double trigger_high
    # prices at which triggers are filled: the same without allowance for rounding
    double fill_low
    double fill_high
    double peak
    double worst
    double rebalances
    double turnover
    double cost
    double fee
    double carry
    double wiped_out

cdef struct Bar:
    # What one bar did.
    double trade
    double turnover
    double rebalances
    double gain
    double cost
    double fee
    double carry


cdef inline double nav_of(const Token* token) noexcept nogil:
    return token.cash + token.units * token.price


cdef inline bint is_ordinary(double price) noexcept nogil:
    return price > SMALL and price < LARGE


cdef inline double units_of(double held, double price) noexcept nogil:
    """Units of an exposure. Loops divide once a bar: what they divide is 1, and the return takes it too."""
    return held * (1.0 / price) if is_ordinary(price) else held / price


cdef inline double return_of(double price, double before) noexcept nogil:
    return (price - before) * (1.0 / before) if is_ordinary(before) else (price - before) / before


cdef inline double price_at(double bound, const Token* token) noexcept nogil:
    """Price at which the leverage is bound, of the sign of the units."""
    return bound * token.cash / (token.units * (1.0 - bound))


cdef inline void unbounded(Token* token) noexcept nogil:
    token.trigger_low = token.fill_low = 0.0
    token.trigger_high = token.fill_high = INFINITY
    token.low = LEAST
    token.high = MOST


cdef inline void set_bounds(const Rule* rule, Token* token) noexcept nogil:
    """Prices at which something happens, from what is held."""
    cdef double low = 0.0, high = INFINITY, wiped, slack, bound, sign
    unbounded(token)
    if token.status != ALIVE or token.units == 0.0:
        return
    sign = 1.0 if token.units > 0.0 else -1.0
    if rule.upper < INFINITY:
        bound = sign * rule.upper
        if token.cash < 0.0:
            low = price_at(bound, token) if bound > 1.0 else INFINITY
        elif token.cash == 0.0:
            low = INFINITY if bound < 1.0 else 0.0
        elif bound < 1.0:
            high = price_at(bound, token)
    if rule.lower > 0.0:
        bound = sign * rule.lower
        if token.cash < 0.0:
            high = price_at(bound, token) if bound > 1.0 else INFINITY
        elif token.cash == 0.0:
            low = INFINITY if bound > 1.0 else low
        elif bound < 1.0:
            low = price_at(bound, token)
        else:
            low = INFINITY
    low = larger_of(low, token.reference * (1.0 - (rule.adverse if sign > 0.0 else rule.favourable)))
    high = smaller_of(high, token.reference * (1.0 + (rule.favourable if sign > 0.0 else rule.adverse)))
    token.fill_low = low
    token.fill_high = high
    # a target that stays at a bound must not trigger there
    slack = REACHED if rule.target == CONSTANT else -REACHED
    low = low * (1.0 + slack)
    high = high * (1.0 - slack)
    token.trigger_low = low
    token.trigger_high = high
    wiped = -token.cash / token.units
    if token.cash < 0.0:
        low = larger_of(low, wiped * (1.0 + REACHED))
    elif sign < 0.0:
        high = smaller_of(high, wiped * (1.0 - REACHED))
    token.low = larger_of(low, LEAST)
    token.high = smaller_of(high, MOST)


cdef inline double larger_of(double a, double b) noexcept nogil:
    return b if b > a else a


cdef inline double smaller_of(double a, double b) noexcept nogil:
    return b if b < a else a


cdef inline void wipe_out(Token* token, Bar* bar, double t) noexcept nogil:
    """The holder loses what there was, and owes nothing."""
    bar.gain -= nav_of(token)
    token.cash = token.units = 0.0
    token.status = WIPED_OUT
    token.wiped_out = t
    token.goal = NAN
    token.pending = 0.0
    unbounded(token)


cdef inline void check(Token* token, Bar* bar, double t) noexcept nogil:
    if token.status == ALIVE and nav_of(token) <= 0.0:
        wipe_out(token, bar, t)


cdef inline void go(Token* token, Bar* bar, double price) noexcept nogil:
    bar.gain += token.units * (price - token.price)
    token.price = price


cdef inline void trade_to(const Rule* rule, Token* token, Bar* bar, double leverage, double t) noexcept nogil:
    """Trade at the price of now to a leverage, or as far as the largest trade goes; the cost comes out of NAV."""
    cdef double nav = nav_of(token), exposure = token.units * token.price
    cdef double fee = nav * rule.rebalance_fee
    cdef double rate, after, held, piece
    nav = nav - fee
    bar.fee += fee
    rate = rule.buying if leverage * nav > exposure else -rule.selling
    # what needs no trade costs nothing, whatever the rounding
    after = nav if rate == 0.0 or leverage * nav == exposure else (nav + rate * exposure) / (1.0 + rate * leverage)
    held = leverage * after
    token.goal = NAN
    piece = rule.largest * nav
    if held - exposure > piece or exposure - held > piece:
        piece = piece if held > exposure else -piece
        token.goal = leverage
        token.piece = t
        token.buys = 1.0 if held > exposure else 0.0
        held = exposure + piece
        after = nav - rate * piece
    bar.cost += nav - after
    bar.trade += held - exposure
    bar.turnover += held - exposure if held > exposure else exposure - held
    bar.rebalances += 1.0
    token.cash = after - held
    token.units = units_of(held, token.price)
    token.reference = token.price
    set_bounds(rule, token)
    check(token, bar, t)


cdef inline double goal_of(const Rule* rule, const Token* token) noexcept nogil:
    """The leverage that a rebalance now would trade to; NaN for none."""
    cdef double actual, sign = -1.0 if token.leverage < 0.0 else 1.0
    if rule.target == CONSTANT:
        return token.leverage
    actual = sign * (token.units * token.price / nav_of(token))
    if rule.target == EDGE:
        if actual > rule.upper:
            return sign * rule.upper
        return sign * rule.lower if actual < rule.lower else NAN
    actual = actual * (1.0 - rule.speed) + sign * token.leverage * rule.speed
    return sign * smaller_of(larger_of(actual, rule.minimum), rule.maximum)


cdef inline void rebalance(const Rule* rule, Token* token, Bar* bar, double t) noexcept nogil:
    cdef double goal
    if token.status != ALIVE:
        return
    goal = goal_of(rule, token)
    if goal == goal:
        trade_to(rule, token, bar, goal, t)


cdef inline void go_on(const Rule* rule, Token* token, Bar* bar, double t) noexcept nogil:
    """The next piece, unless the price has brought the leverage there by itself."""
    cdef bint buys = token.goal * nav_of(token) > token.units * token.price
    if buys == (token.buys != 0.0):
        trade_to(rule, token, bar, token.goal, t)
    else:
        token.goal = NAN


cdef inline bint walk(const Rule* rule, Token* token, Bar* bar, double price, double t) noexcept nogil:
    """The price moves, passing what lies between; whether a trigger was reached that is not filled on the way."""
    cdef double at
    while token.status == ALIVE:
        # where it starts from does not matter: only what a price comes to is watched
        if price <= token.trigger_low:
            at = smaller_of(token.fill_low, token.price)
        elif price >= token.trigger_high:
            at = larger_of(token.fill_high, token.price)
        else:
            break
        if rule.fill != AT_TRIGGER:
            go(token, bar, price)
            check(token, bar, t)
            return token.status == ALIVE
        go(token, bar, at)
        check(token, bar, t)
        rebalance(rule, token, bar, t)
        if token.price <= token.trigger_low or token.price >= token.trigger_high:
            # costs alone took it there again: once is enough
            break
    go(token, bar, price)
    check(token, bar, t)
    return False


cdef inline bint calm(const Rule* rule, const Token* token) noexcept nogil:
    """Whether the clock has nothing to do: inside the dead band, and no move to speak of."""
    cdef double actual, move
    if rule.calm_low == INFINITY and rule.calm_move == 0.0:
        return False
    if rule.calm_low < INFINITY:
        actual = token.units * token.price / nav_of(token)
        actual = -actual if actual < 0.0 else actual
        if actual < rule.calm_low or actual > rule.calm_high:
            return False
    if rule.calm_move > 0.0:
        move = token.price / token.reference - 1.0
        move = -move if move < 0.0 else move
        return move <= rule.calm_move
    return True


cdef inline void carry(
    Token* token, Bar* bar, double financing, double spread, double fee, double dividend,
) noexcept nogil:
    """What a bar costs and yields by what was held at the close before."""
    cdef double nav = nav_of(token)
    cdef double earned = token.cash * (financing if token.cash >= 0.0 else financing + spread)
    cdef double paid = token.units * dividend
    cdef double charged = fee * nav
    token.cash = token.cash + earned + paid - charged
    bar.carry -= earned
    bar.gain += paid
    bar.fee += charged


cdef inline void buy(const Rule* rule, Token* token, double nav, double price) noexcept nogil:
    """The first bar: the product is bought, at no cost."""
    cdef double held = token.leverage * nav
    token.price = token.reference = price
    token.cash = nav - held
    token.units = units_of(held, price)
    token.goal = NAN
    token.status = UNKNOWN
    if nav == nav and price - price == 0.0 and price > 0.0 and token.units - token.units == 0.0:
        token.status = ALIVE
    token.peak = nav_of(token)
    token.worst = 1.0
    token.wiped_out = -1.0
    token.piece = token.pending = 0.0
    token.rebalances = token.turnover = token.cost = token.fee = token.carry = 0.0
    set_bounds(rule, token)
