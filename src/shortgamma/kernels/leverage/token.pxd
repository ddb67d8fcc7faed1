# cython: language_level=3, cdivision=True
"""Leveraged tokens: the rule of one, what it holds, and what a bar does to it.

Between two trades a token holds units of the underlying and cash (a debt if negative), so its NAV is
cash + units P and its actual leverage units P / NAV. A bound B of the leverage is therefore reached at one price,

    P = B cash / (units (1 - B)),

and a move since the last rebalance at another: nothing happens while prices stay between two constants.

The structs Rule and State are all doubles: loops show their fields to Python by name, in this order.
"""

from libc.string cimport memset

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
    CLOCK_AT_OPEN = 4

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
    # triggers: bounds of the absolute leverage, and moves since the last rebalance
    double lower
    double upper
    double adverse
    double favourable
    # the clock does nothing within these leverages, and after a smaller move
    double calm_low
    double calm_high
    double calm_move
    # of a recentred target
    double speed
    double minimum
    double maximum
    # largest trade as a fraction of NAV, and bars between two of its pieces
    double largest
    double cooldown
    # costs of buying and selling, fractions of the notional; of a rebalance, of NAV
    double buying
    double selling
    double rebalance_fee
    # codes of the enums above
    double target
    double fill
    # 1 if the triggers watch highs and lows, opens, and any of these
    double extremes
    double opens
    double watches

cdef struct Token:
    double cash
    double units
    double price
    # price of the last rebalance
    double reference
    # target
    double leverage
    # where a rebalance in pieces is going (NaN if there is none), the bar of its last piece, and 1 if it buys
    double goal
    double piece
    double buys
    # 1 if a rebalance waits for the next open
    double pending
    double status
    # prices between which nothing happens, and those between which no trigger is reached
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
    double traded
    double cost
    double fee
    double carry
    # bar at which it was wiped out, -1 if it was not
    double wiped_out

cdef struct State:
    # What a simulation keeps of a product.
    Token token
    # realised variance of its path
    double variance
    # NAV of one token over NAV of the initial holding: merges and splits change it
    double quote
    # tokens in existence, of each of the initial holding
    double tokens

cdef struct Inputs:
    # What a bar brings: its number, prices (high and low include the open), rates over the bar, the funding rate at
    # its close, fees at a time of day, what is due at it, and the target of a change.
    double number
    double price
    double high
    double low
    double open
    double financing
    double spread
    double expense
    double dividend
    double funding
    double fee_at_open
    double fee_at_close
    double target
    int due

cdef struct Bar:
    # What one bar did.
    double trade
    double traded
    double rebalances
    double gain
    double cost
    double fee
    double carry


cdef inline bint is_price(double price) noexcept nogil:
    return price > 0.0 and price < INFINITY


cdef inline double nav_at(double cash, double units, double price) noexcept nogil:
    return cash + units * price


cdef inline double nav_of(const Token* token) noexcept nogil:
    return nav_at(token.cash, token.units, token.price)


cdef inline double leverage_at(double nav, double exposure) noexcept nogil:
    return exposure / nav if nav != 0.0 else 0.0


cdef inline double trade_rate(
    double nav, double exposure, double leverage, double buying, double selling,
) noexcept nogil:
    """Signed cost of a trade to a leverage: > 0 where it buys."""
    return buying if leverage * nav > exposure else -selling


cdef inline double after_trade(double nav, double exposure, double leverage, double rate) noexcept nogil:
    """NAV n' after a trade to leverage L that costs k of itself: n' = n - k |L n' - e|, rate = +-k."""
    cdef double after = (nav + rate * exposure) / (1.0 + rate * leverage)
    # what needs no trade costs nothing, whatever the rounding
    return nav if leverage * nav == exposure else after


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


cdef inline void wipe_out(Token* token, Bar* bar, double number) noexcept nogil:
    """The holder loses what there was, and owes nothing."""
    bar.gain -= nav_of(token)
    token.cash = token.units = 0.0
    token.status = WIPED_OUT
    token.wiped_out = number
    token.goal = NAN
    token.pending = 0.0
    unbounded(token)


cdef inline void check(Token* token, Bar* bar, double number) noexcept nogil:
    if token.status == ALIVE and nav_of(token) <= 0.0:
        wipe_out(token, bar, number)


cdef inline void lose(Token* token) noexcept nogil:
    """From an invalid price on the NAV is unknown: NaN."""
    token.status = UNKNOWN
    token.cash = token.units = token.low = token.high = NAN


cdef inline void move_to(Token* token, Bar* bar, double price) noexcept nogil:
    bar.gain += token.units * (price - token.price)
    token.price = price


cdef inline void trade_to(
    const Rule* rule, Token* token, Bar* bar, double leverage, double fee, double number,
) noexcept nogil:
    """Trade at the current price to a leverage, or as far as the largest trade goes.

    The fee, a fraction of NAV, and the cost of the trade come out of NAV.
    """
    cdef double nav = nav_of(token), exposure = token.units * token.price
    cdef double charged = nav * fee
    cdef double rate, after, held, piece
    nav = nav - charged
    bar.fee += charged
    rate = trade_rate(nav, exposure, leverage, rule.buying, rule.selling)
    after = nav if rate == 0.0 else after_trade(nav, exposure, leverage, rate)
    held = leverage * after
    token.goal = NAN
    piece = rule.largest * nav
    if held - exposure > piece or exposure - held > piece:
        piece = piece if held > exposure else -piece
        token.goal = leverage
        token.piece = number
        token.buys = 1.0 if held > exposure else 0.0
        held = exposure + piece
        after = nav - rate * piece
    bar.cost += nav - after
    bar.trade += held - exposure
    bar.traded += held - exposure if held > exposure else exposure - held
    bar.rebalances += 1.0
    token.cash = after - held
    token.units = units_of(held, token.price)
    token.reference = token.price
    set_bounds(rule, token)
    check(token, bar, number)


cdef inline double recentred(double actual, double target, double speed, double low, double high) noexcept nogil:
    return smaller_of(larger_of(actual * (1.0 - speed) + target * speed, low), high)


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
    return sign * recentred(actual, sign * token.leverage, rule.speed, rule.minimum, rule.maximum)


cdef inline void rebalance(const Rule* rule, Token* token, Bar* bar, double number) noexcept nogil:
    cdef double goal
    if token.status != ALIVE:
        return
    goal = goal_of(rule, token)
    if goal == goal:
        trade_to(rule, token, bar, goal, rule.rebalance_fee, number)


cdef inline void trade_next_piece(const Rule* rule, Token* token, Bar* bar, double number) noexcept nogil:
    """The next piece, unless the price has brought the leverage there by itself; its fee was paid with the first."""
    cdef bint buys = token.goal * nav_of(token) > token.units * token.price
    if buys == (token.buys != 0.0):
        trade_to(rule, token, bar, token.goal, 0.0, number)
    else:
        token.goal = NAN


cdef inline bint walk(const Rule* rule, Token* token, Bar* bar, double price, double number) noexcept nogil:
    """The price moves there, and triggers on the way are filled; whether one was reached that is not filled on the way.

    Triggers that the price is beyond already are filled where it is.
    """
    cdef double fill
    while token.status == ALIVE:
        # where it starts from does not matter: only the price that it comes to is watched
        if price <= token.trigger_low:
            fill = smaller_of(token.fill_low, token.price)
        elif price >= token.trigger_high:
            fill = larger_of(token.fill_high, token.price)
        else:
            break
        if rule.fill != AT_TRIGGER:
            move_to(token, bar, price)
            check(token, bar, number)
            return token.status == ALIVE
        move_to(token, bar, fill)
        check(token, bar, number)
        rebalance(rule, token, bar, number)
        if token.price <= token.trigger_low or token.price >= token.trigger_high:
            # costs alone took it there again: once is enough
            break
    move_to(token, bar, price)
    check(token, bar, number)
    return False


cdef inline bint calm(const Rule* rule, const Token* token) noexcept nogil:
    """Whether the clock has nothing to do: within the dead band, and after a small move."""
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


cdef inline bint has_carry(const Inputs* bar) noexcept nogil:
    return bar.financing != 0.0 or bar.spread != 0.0 or bar.expense != 0.0 or bar.dividend != 0.0


cdef inline void carry(const Rule* rule, const Inputs* inputs, Token* token, Bar* bar) noexcept nogil:
    """What a bar costs and yields by what was held at the close before."""
    cdef double nav = nav_of(token)
    cdef double earned = token.cash * (
        inputs.financing if token.cash >= 0.0 else inputs.financing + inputs.spread)
    cdef double paid = token.units * inputs.dividend
    cdef double charged = inputs.expense * nav
    token.cash = token.cash + earned + paid - charged
    bar.carry -= earned
    bar.gain += paid
    bar.fee += charged
    check(token, bar, inputs.number)
    set_bounds(rule, token)


cdef inline void charge(const Rule* rule, Token* token, Bar* bar, double fee, double number) noexcept nogil:
    """A fee at a time of day, a fraction of NAV."""
    cdef double charged = nav_of(token) * fee
    token.cash = token.cash - charged
    bar.fee += charged
    check(token, bar, number)
    set_bounds(rule, token)


cdef inline bint looks_at_open(const Rule* rule, const Inputs* inputs, const Token* token) noexcept nogil:
    return token.status == ALIVE and (
        token.pending != 0.0 or rule.opens != 0.0 or (inputs.due & CLOCK_AT_OPEN) != 0 or inputs.fee_at_open != 0.0)


cdef inline bint open_bar(const Rule* rule, const Inputs* inputs, Token* token, Bar* bar) noexcept nogil:
    """The open: nothing was traded between it and the close before. Whether a trigger was reached, and not filled."""
    cdef bint pending = token.pending != 0.0
    if not looks_at_open(rule, inputs, token):
        return False
    token.pending = 0.0
    move_to(token, bar, inputs.open)
    check(token, bar, inputs.number)
    if inputs.fee_at_open != 0.0 and token.status == ALIVE:
        charge(rule, token, bar, inputs.fee_at_open, inputs.number)
    if pending or ((inputs.due & CLOCK_AT_OPEN) and token.status == ALIVE and not calm(rule, token)):
        rebalance(rule, token, bar, inputs.number)
    return rule.opens != 0.0 and walk(rule, token, bar, inputs.open, inputs.number)


cdef inline void pay_at_close(const Rule* rule, const Inputs* inputs, Token* token, Bar* bar) noexcept nogil:
    """Funding, and fees at a time of day."""
    cdef double paid
    if inputs.funding != 0.0:
        paid = inputs.funding * (token.units * inputs.price)
        token.cash = token.cash - paid
        bar.carry += paid
        if inputs.fee_at_close == 0.0:
            check(token, bar, inputs.number)
            set_bounds(rule, token)
    if inputs.fee_at_close != 0.0:
        charge(rule, token, bar, inputs.fee_at_close, inputs.number)


cdef inline void close_bar(
    const Rule* rule, const Inputs* inputs, Token* token, Bar* bar, bint triggered,
) noexcept nogil:
    """Changes of the target, the clock, triggers that wait for the close, and pieces of a rebalance."""
    cdef bint due = triggered
    if inputs.due & CHANGE:
        token.leverage = inputs.target
        due = True
    elif inputs.due & CLOCK and not calm(rule, token):
        due = True
    if due:
        token.goal = NAN
        if rule.fill == AT_OPEN:
            token.pending = 1.0
        else:
            rebalance(rule, token, bar, inputs.number)
    elif token.goal == token.goal and inputs.number - token.piece >= rule.cooldown:
        trade_next_piece(rule, token, bar, inputs.number)


cdef inline bint has_prices(const Rule* rule, const Inputs* inputs, const Token* token) noexcept nogil:
    return (
        is_price(inputs.price)
        and (not looks_at_open(rule, inputs, token) or is_price(inputs.open))
        and (rule.extremes == 0.0 or (is_price(inputs.high) and is_price(inputs.low))))


cdef inline void advance(const Rule* rule, const Inputs* inputs, Token* token, Bar* bar) noexcept nogil:
    """One bar, in the order of what can happen at it."""
    cdef bint triggered
    memset(bar, 0, sizeof(Bar))
    if token.status == UNKNOWN:
        return
    if not has_prices(rule, inputs, token):
        lose(token)
        return
    if token.status == WIPED_OUT:
        token.price = inputs.price
        return
    if has_carry(inputs):
        carry(rule, inputs, token, bar)
    triggered = open_bar(rule, inputs, token, bar)
    if rule.extremes != 0.0:
        # the worse extreme comes first
        if token.units > 0.0:
            triggered |= walk(rule, token, bar, inputs.low, inputs.number)
            triggered |= walk(rule, token, bar, inputs.high, inputs.number)
        else:
            triggered |= walk(rule, token, bar, inputs.high, inputs.number)
            triggered |= walk(rule, token, bar, inputs.low, inputs.number)
    triggered |= walk(rule, token, bar, inputs.price, inputs.number)
    if token.status == ALIVE:
        pay_at_close(rule, inputs, token, bar)
    if token.status == ALIVE:
        close_bar(rule, inputs, token, bar, triggered)
    if token.status != WIPED_OUT and not nav_of(token) - nav_of(token) == 0.0:
        lose(token)
    token.rebalances += bar.rebalances
    token.traded += bar.traded
    token.cost += bar.cost
    token.fee += bar.fee
    token.carry += bar.carry


cdef inline void buy(const Rule* rule, Token* token, double leverage, double nav, double price) noexcept nogil:
    """The first bar: the product is bought, at no cost."""
    cdef double held = leverage * nav
    memset(token, 0, sizeof(Token))
    token.leverage = leverage
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
    set_bounds(rule, token)


cdef struct Flow:
    # What money that comes or goes does at a bar: the notional traded, and the fee that its owners pay.
    double trade
    double fee


cdef inline Flow subscribe(
    double money, double nav, double leverage, double subscription, double redemption, double* tokens,
) noexcept nogil:
    """Money that comes (> 0) or goes changes the number of tokens, never their NAV; no more goes than there is."""
    cdef double least = -tokens[0] * nav, amount
    cdef Flow flow
    flow.trade = flow.fee = 0.0
    if not nav > 0.0:
        return flow
    amount = money if not money < least else least
    flow.fee = amount * subscription if amount > 0.0 else -amount * redemption
    if amount > 0.0:
        amount = amount * (1.0 - subscription)
    flow.trade = leverage * amount
    # what takes all leaves nothing, whatever the rounding
    tokens[0] = 0.0 if amount <= least else tokens[0] + amount / nav
    return flow


cdef inline double quoted(double nav, double merge_below, double merge, double* quote) noexcept nogil:
    """NAV of one token; tokens are merged, merge to one, until it is no longer under merge_below."""
    cdef double value = nav * quote[0]
    while value > 0.0 and value < merge_below:
        quote[0] = quote[0] * merge
        value = nav * quote[0]
    return value
