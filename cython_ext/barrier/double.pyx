"""Loops of double-barrier options."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier._eigenfunctions as waves
cimport shortgamma.kernels.barrier._hits as hits
cimport shortgamma.kernels.barrier.double as formula
cimport shortgamma.kernels.barrier.single as single
from cython_ext.barrier._blocks cimport (
    ROW, JetLanes, Lanes, Method, Request, finish_lanes, jet_at, put_jet, register_method,
)
from cython_ext._loop.blocks cimport GROUP, LANES, padded
from shortgamma.kernels.barrier._corridor cimport (
    AT_EXPIRY, BASIC, IN, KIKO, KOKI, NEGLIGIBLE, OUT, PUT, TOUCH, Frame, Option, by_images, corridor_sign, pays_hit,
    prepare, survivors,
)
from shortgamma.kernels.barrier._eigenfunctions cimport EIGENFUNCTIONS, Coefficient, Wave
from shortgamma.kernels.barrier._hits cimport HIT_IMAGES, Hit, Killing, Side
from shortgamma.kernels.barrier._option cimport PRICE, SECOND_ORDER, outputs_of
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA
from shortgamma.kernels.barrier.double cimport ALONE, EIGEN, HIT, IMAGES, SORTS, Image, Mirror, Payoff
from shortgamma.kernels.numeric.jets cimport Jet, clear
from shortgamma.kernels.numeric.vecmath cimport exp, square_root

cnp.import_array()
cnp.import_ufunc()

cdef struct FrameLanes:
    double below[ROW]
    double above[ROW]
    double width[ROW]
    double log_strike[ROW]
    double deviation[ROW]
    double shift[ROW]
    double nu[ROW]
    double asset[ROW]
    double discount[ROW]

cdef struct EndLanes:
    double position[ROW]
    double level[ROW]
    double low[ROW]
    double high[ROW]
    double density[ROW]

cdef struct PayoffLanes:
    double units[ROW]
    double cash[ROW]
    EndLanes first
    EndLanes last
    # how often it counts
    double weight[ROW]

cdef struct HitLanes:
    # the amount paid at the hit; 1 for the upper barrier, -1 for the lower one; away and inside of the hit's side
    double amount[ROW]
    # 1 where it is paid for and an ordinary kappa will do, which is the next one; else 0 and any kappa that is
    double weight[ROW]
    double ordinary_kappa[ROW]
    double upward
    double away[ROW]
    double inside[ROW]
    double value[ROW]
    double x[ROW]
    double v[ROW]
    double v_x[ROW]
    double v_xx[ROW]
    double kappa[ROW]
    double kappa_x[ROW]
    double kappa_xx[ROW]
    double kappa_kappa[ROW]

cdef struct AngleLanes:
    double sine[ROW]
    double cosine[ROW]

cdef struct WaveLanes:
    # pi/w; exp(-n^2 pi^2 v/(2 w^2)) of this eigenfunction, its ratio to the next one, and the ratio of these ratios
    double omega[ROW]
    double decay[ROW]
    double ratio[ROW]
    double ratio_of_ratios[ROW]
    # the decay, or 0 if the eigenfunction is left out
    double weight[ROW]
    # the angles of x and of both ends, and their multiples
    AngleLanes angle[3]
    AngleLanes multiple[3]
    # of the first and the last end of the payoff, of the lower and the upper barrier
    double factor[4][ROW]
    double c[ROW]
    double c_nu[ROW]
    double c_nu_nu[ROW]
    double value[ROW]
    double x[ROW]
    double xx[ROW]
    double xxx[ROW]
    double xxxx[ROW]
    double nu[ROW]
    double nu_x[ROW]
    double nu_xx[ROW]
    double nu_nu[ROW]

cdef struct Block:
    # a block of options of one sort
    bint images
    # how many lanes; to be padded again in each function, which tells compilers that no lanes are left over: they would
    # go through other instructions, and round differently
    Py_ssize_t whole
    FrameLanes frames
    PayoffLanes payoff
    # amounts in cash for survival
    PayoffLanes survival
    WaveLanes waves
    JetLanes jets
    # which parts are in it
    bint any_payoff
    bint any_outside
    bint any_outer
    bint any_survival


ctypedef void (*OddHits)(int order, const Lanes* lanes, HitLanes* hit_lanes, const Block* block) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    OddHits apart "SG_APART"(OddHits f) noexcept


cdef inline void option_at(const Lanes* lanes, Py_ssize_t i, Option* option) noexcept nogil:
    option.spot = lanes.spot[i]
    option.strike = lanes.strike[i]
    option.lower = lanes.barrier[i]
    option.upper = lanes.upper[i]
    option.vol = lanes.vol[i]
    option.expiry = lanes.expiry[i]
    option.rate = lanes.rate[i]
    option.dividend = lanes.dividend[i]
    option.rebate = lanes.rebate[i]
    option.kind = lanes.kind[i]


cdef inline void frame_at(const FrameLanes* lanes, Py_ssize_t i, Frame* frame) noexcept nogil:
    frame.below = lanes.below[i]
    frame.above = lanes.above[i]
    frame.width = lanes.width[i]
    frame.log_strike = lanes.log_strike[i]
    frame.deviation = lanes.deviation[i]
    frame.shift = lanes.shift[i]
    frame.nu = lanes.nu[i]
    frame.asset = lanes.asset[i]
    frame.discount = lanes.discount[i]


cdef inline void put_frame(const Frame* frame, FrameLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.below[i] = frame.below
    lanes.above[i] = frame.above
    lanes.width[i] = frame.width
    lanes.log_strike[i] = frame.log_strike
    lanes.deviation[i] = frame.deviation
    lanes.shift[i] = frame.shift
    lanes.nu[i] = frame.nu
    lanes.asset[i] = frame.asset
    lanes.discount[i] = frame.discount


cdef inline void payoff_at(const PayoffLanes* lanes, Py_ssize_t i, Payoff* payoff) noexcept nogil:
    payoff.units = lanes.units[i]
    payoff.cash = lanes.cash[i]
    payoff.first.position = lanes.first.position[i]
    payoff.first.level = lanes.first.level[i]
    payoff.first.low = lanes.first.low[i]
    payoff.first.high = lanes.first.high[i]
    payoff.first.density = lanes.first.density[i]
    payoff.last.position = lanes.last.position[i]
    payoff.last.level = lanes.last.level[i]
    payoff.last.low = lanes.last.low[i]
    payoff.last.high = lanes.last.high[i]
    payoff.last.density = lanes.last.density[i]


cdef inline void put_payoff(const Payoff* payoff, PayoffLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.units[i] = payoff.units
    lanes.cash[i] = payoff.cash
    lanes.first.position[i] = payoff.first.position
    lanes.first.level[i] = payoff.first.level
    lanes.first.low[i] = payoff.first.low
    lanes.first.high[i] = payoff.first.high
    lanes.first.density[i] = payoff.first.density
    lanes.last.position[i] = payoff.last.position
    lanes.last.level[i] = payoff.last.level
    lanes.last.low[i] = payoff.last.low
    lanes.last.high[i] = payoff.last.high
    lanes.last.density[i] = payoff.last.density


cdef inline void side_at(const HitLanes* lanes, Py_ssize_t i, Side* side) noexcept nogil:
    side.upward = lanes.upward
    side.away = lanes.away[i]
    side.inside = lanes.inside[i]


cdef inline void hit_at(const HitLanes* lanes, Py_ssize_t i, Hit* hit) noexcept nogil:
    hit.value = lanes.value[i]
    hit.x = lanes.x[i]
    hit.v = lanes.v[i]
    hit.v_x = lanes.v_x[i]
    hit.v_xx = lanes.v_xx[i]
    hit.kappa = lanes.kappa[i]
    hit.kappa_x = lanes.kappa_x[i]
    hit.kappa_xx = lanes.kappa_xx[i]
    hit.kappa_kappa = lanes.kappa_kappa[i]


cdef inline void put_hit(int order, const Hit* hit, HitLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.value[i] = hit.value
    if order >= 1:
        lanes.x[i] = hit.x
        lanes.v[i] = hit.v
        lanes.kappa[i] = hit.kappa
    if order >= 2:
        lanes.v_x[i] = hit.v_x
        lanes.v_xx[i] = hit.v_xx
        lanes.kappa_x[i] = hit.kappa_x
        lanes.kappa_xx[i] = hit.kappa_xx
        lanes.kappa_kappa[i] = hit.kappa_kappa


cdef inline void wave_at(const WaveLanes* lanes, Py_ssize_t i, Wave* wave) noexcept nogil:
    wave.value = lanes.value[i]
    wave.x = lanes.x[i]
    wave.xx = lanes.xx[i]
    wave.xxx = lanes.xxx[i]
    wave.xxxx = lanes.xxxx[i]
    wave.nu = lanes.nu[i]
    wave.nu_x = lanes.nu_x[i]
    wave.nu_xx = lanes.nu_xx[i]
    wave.nu_nu = lanes.nu_nu[i]


cdef inline void put_wave(int order, const Wave* wave, WaveLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.value[i] = wave.value
    if order >= 1:
        lanes.x[i] = wave.x
        lanes.xx[i] = wave.xx
        lanes.nu[i] = wave.nu
    if order >= 2:
        lanes.xxx[i] = wave.xxx
        lanes.xxxx[i] = wave.xxxx
        lanes.nu_x[i] = wave.nu_x
        lanes.nu_xx[i] = wave.nu_xx
        lanes.nu_nu[i] = wave.nu_nu


cdef void sort_lanes(Lanes* lanes, Py_ssize_t whole, int* sorts) noexcept nogil:
    cdef Py_ssize_t i
    cdef Option option
    cdef double sort[LANES]
    for i in range(whole):
        option_at(lanes, i, &option)
        sort[i] = formula.sort_of(&option)
    for i in range(whole):
        sorts[i] = <int> sort[i]


cdef void substitute(Lanes* lanes, Py_ssize_t i) noexcept nogil:
    """An ordinary option without a hit."""
    lanes.spot[i] = lanes.strike[i] = lanes.expiry[i] = 1.0
    lanes.barrier[i] = 0.5
    lanes.upper[i] = 2.0
    lanes.vol[i] = 0.25
    lanes.rate[i] = lanes.dividend[i] = lanes.rebate[i] = 0.0


cdef inline void begin_block(const Lanes* lanes, HitLanes* hit, Block* block) noexcept nogil:
    """What the series share, and which of them are needed."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef double sign[LANES]
    cdef double beyond[LANES]
    cdef long long any_payoff = 0, any_outside = 0, any_outer = 0, any_survival = 0
    for i in range(whole):
        option_at(lanes, i, &option)
        prepare(&option, &frame)
        put_frame(&frame, &block.frames, i)
    for i in range(whole):
        option_at(lanes, i, &option)
        sign[i] = corridor_sign(option.kind)
        beyond[i] = formula.pays_beyond(&option)
        block.survival.cash[i] = option.rebate * survivors(option.kind)
        hit[0].amount[i] = option.rebate * pays_hit(option.kind, False)
        hit[1].amount[i] = option.rebate * pays_hit(option.kind, True)
    for i in range(whole):
        any_payoff |= sign[i] != 0.0
        any_survival |= block.survival.cash[i] != 0.0
        any_outer |= (sign[i] < 0.0) & (lanes.kind[i] & KIKO != 0)
        any_outside |= (sign[i] < 0.0) & (beyond[i] > 0.0)
    block.any_payoff = any_payoff != 0
    block.any_outside = block.images and any_outside != 0
    block.any_outer = any_outer != 0
    block.any_survival = any_survival != 0


cdef inline void add_direct(int order, const Lanes* lanes, Block* block) noexcept nogil:
    """The payoff itself, inside of the corridor or beyond it."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Payoff payoff
    cdef Image image
    cdef Jet jet
    cdef double weight[LANES]
    cdef long long any_weight = 0
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        formula.payoff_of(&option, &frame, &payoff)
        put_payoff(&payoff, &block.payoff, i)
        block.payoff.weight[i] = formula.pays_inside(&option)
        weight[i] = formula.direct_weight(block.images, &option)
    for i in range(whole):
        any_weight |= weight[i] != 0.0
    if not any_weight:
        return
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        payoff_at(&block.payoff, i, &payoff)
        jet_at(&block.jets, i, &jet)
        image.mirror = 1.0
        image.offset = 0.0
        image.asset = frame.asset
        image.cash = frame.discount
        image.weight = weight[i]
        formula.direct_payoff(block.images, &option, &frame, &payoff)
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef inline void add_outside(int order, const Lanes* lanes, Block* block) noexcept nogil:
    """A knock-in whose payoff begins before the corridor: from the strike to the corridor."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Payoff payoff
    cdef Image image
    cdef Jet jet
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        payoff_at(&block.payoff, i, &payoff)
        jet_at(&block.jets, i, &jet)
        image.mirror = 1.0
        image.offset = 0.0
        image.asset = frame.asset
        image.cash = frame.discount
        image.weight = formula.outside_payoff(&option, &frame, &payoff)
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef inline void add_outer(int order, const Lanes* lanes, Block* block) noexcept nogil:
    """An option in at one barrier and out at the other, where the second is all there is: payoff and mirror image."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Payoff payoff
    cdef Image image
    cdef Jet jet
    cdef double offset, first_faded, last_faded
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        jet_at(&block.jets, i, &jet)
        image.mirror = 1.0
        image.offset = 0.0
        image.asset = frame.asset
        image.cash = frame.discount
        image.weight = formula.outer_payoff(
            block.images, &option, &frame, &payoff, &offset, &first_faded, &last_faded)
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        image.weight = -image.weight
        image.mirror = -1.0
        image.offset = offset
        formula.full_amounts(offset, &frame, &image)
        payoff.first.density = first_faded
        payoff.last.density = last_faded
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef inline void add_survival(int order, const Lanes* lanes, Block* block) noexcept nogil:
    """Amounts in cash for survival, or for none: paid to all, less what is paid to the survivors."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Payoff payoff
    cdef Image image
    cdef Jet jet
    cdef double sure
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        jet_at(&block.jets, i, &jet)
        sure = option.rebate * frame.discount if block.survival.cash[i] * option.rebate < 0.0 else 0.0
        jet.value += sure
        jet.r -= option.expiry * sure
        formula.survival_of(block.survival.cash[i], &option, &frame, &payoff)
        put_payoff(&payoff, &block.survival, i)
        put_jet(order, &jet, &block.jets, i)
    if not block.images:
        return
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        payoff_at(&block.survival, i, &payoff)
        jet_at(&block.jets, i, &jet)
        image.mirror = image.weight = 1.0
        image.offset = image.asset = 0.0
        image.cash = frame.discount
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef inline double mirror_weight(
    const Mirror* mirror, const PayoffLanes* payoffs, const Frame* frame, Py_ssize_t i,
) noexcept nogil:
    """1 or mirrored -1, and 0 if both ends of a payoff are negligible in the mirror."""
    cdef double first = formula.mirror_fade(mirror, frame, payoffs.first.low[i], payoffs.first.high[i])
    cdef double last = formula.mirror_fade(mirror, frame, payoffs.last.low[i], payoffs.last.high[i])
    first = first if first < last else last
    return mirror.mirror if first < NEGLIGIBLE else 0.0


cdef inline void add_mirror(
    int order, const Mirror* mirror, const double* weight, bint any_full, const PayoffLanes* payoffs,
    const Lanes* lanes, Block* block,
) noexcept nogil:
    """A mirror image of payoffs."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Payoff payoff
    cdef Image image
    cdef Jet jet
    cdef double asset[LANES]
    cdef double cash[LANES]
    for i in range(whole):
        asset[i] = cash[i] = 0.0
    if any_full:
        for i in range(whole):
            frame_at(&block.frames, i, &frame)
            formula.full_amounts(
                2.0 * mirror.upward * formula.mirror_distance(mirror, &frame), &frame, &image)
            asset[i] = image.asset
            cash[i] = image.cash
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        payoff_at(payoffs, i, &payoff)
        jet_at(&block.jets, i, &jet)
        payoff.first.density *= exp(-formula.mirror_fade(mirror, &frame, payoff.first.low, payoff.first.high))
        payoff.last.density *= exp(-formula.mirror_fade(mirror, &frame, payoff.last.low, payoff.last.high))
        image.mirror = mirror.mirror
        image.offset = 2.0 * mirror.upward * formula.mirror_distance(mirror, &frame)
        image.weight = weight[i]
        image.asset = asset[i]
        image.cash = cash[i]
        formula.add_image(order, &image, &payoff, &option, &frame, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef inline void add_mirrors(int order, const Lanes* lanes, Block* block) noexcept nogil:
    """All images but the first."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef int number, there_already
    cdef Frame frame
    cdef Mirror mirror
    cdef double offset, a1, c2
    cdef double weight[LANES]
    cdef double survival_weight[LANES]
    cdef long long any_payoff, any_survival, any_full
    for number in range(1, IMAGES):
        mirror = formula.mirror_of(number)
        # the mirror that an option in and out has in its outer barrier is there already
        there_already = KOKI if number == 1 else KIKO if number == 2 else -1
        any_payoff = any_survival = any_full = 0
        for i in range(whole):
            weight[i] = survival_weight[i] = 0.0
        if block.any_payoff:
            for i in range(whole):
                frame_at(&block.frames, i, &frame)
                weight[i] = mirror_weight(&mirror, &block.payoff, &frame, i) * block.payoff.weight[i]
                weight[i] = weight[i] if lanes.kind[i] & BASIC != there_already else 0.0
                any_payoff |= weight[i] != 0.0
        if block.any_survival:
            for i in range(whole):
                frame_at(&block.frames, i, &frame)
                survival_weight[i] = mirror_weight(&mirror, &block.survival, &frame, i)
                survival_weight[i] = survival_weight[i] if block.survival.cash[i] != 0.0 else 0.0
                any_survival |= survival_weight[i] != 0.0
        for i in range(whole):
            frame_at(&block.frames, i, &frame)
            offset = 2.0 * mirror.upward * formula.mirror_distance(&mirror, &frame)
            a1 = -(frame.below + offset) / frame.deviation - frame.shift - frame.deviation
            c2 = (frame.above - offset) / frame.deviation - frame.shift
            any_full |= ((weight[i] != 0.0) | (survival_weight[i] != 0.0)) & (a1 <= 0.0) & (c2 > 0.0)
        if any_payoff:
            add_mirror(order, &mirror, weight, any_full != 0, &block.payoff, lanes, block)
        if any_survival:
            add_mirror(order, &mirror, survival_weight, any_full != 0, &block.survival, lanes, block)


cdef inline void add_hit_images(
    int order, const Lanes* lanes, HitLanes* hit_lanes, const Block* block,
) noexcept nogil:
    """Hits of one barrier by images."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef int number
    cdef Option option
    cdef Frame frame
    cdef Killing killing
    cdef Hit hit
    cdef Side side
    cdef double sign
    cdef double d[LANES]
    cdef double weight[LANES]
    cdef long long any_weight
    for number in range(HIT_IMAGES):
        any_weight = 0
        sign = -1.0 if number == 2 else 1.0
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(&block.frames, i, &frame)
            side_at(hit_lanes, i, &side)
            d[i] = hits.image_distance(number, &side, frame.width)
            weight[i] = hit_lanes.weight[i]
            weight[i] = weight[i] if 0.5 * hits.image_fade(d[i], side.away, frame.deviation) < NEGLIGIBLE else 0.0
            any_weight |= weight[i] != 0.0
        if not any_weight:
            continue
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(&block.frames, i, &frame)
            side_at(hit_lanes, i, &side)
            hits.killing_of(&option, frame.nu, &killing)
            hit_at(hit_lanes, i, &hit)
            hits.add_image(
                order, weight[i], sign, d[i], &side, &frame, &killing, square_root(hit_lanes.ordinary_kappa[i]), &hit)
            put_hit(order, &hit, hit_lanes, i)


cdef inline void begin_hits(bint upper, const Lanes* options, HitLanes* lanes, const Block* block) noexcept nogil:
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Killing killing
    cdef const double* above = block.frames.above
    cdef const double* below = block.frames.below
    cdef double square, length, kappa
    lanes.upward = 1.0 if upper else -1.0
    for i in range(whole):
        lanes.away[i] = above[i] if upper else below[i]
        lanes.inside[i] = below[i] if upper else above[i]
    for i in range(whole):
        option_at(options, i, &option)
        frame_at(&block.frames, i, &frame)
        hits.killing_of(&option, frame.nu, &killing)
        length = frame.deviation if block.images else frame.width
        square = killing.kappa * length * length
        lanes.weight[i] = 1.0 if square > (SMALL_LAMBDA if block.images else formula.NEAR_POLE) else 0.0
        kappa = 1.0 / (length * length)
        lanes.ordinary_kappa[i] = killing.kappa if lanes.weight[i] != 0.0 else kappa
        lanes.weight[i] = lanes.weight[i] if lanes.amount[i] != 0.0 else 0.0
    for i in range(whole):
        lanes.value[i] = lanes.x[i] = lanes.v[i] = lanes.v_x[i] = lanes.v_xx[i] = 0.0
        lanes.kappa[i] = lanes.kappa_x[i] = lanes.kappa_xx[i] = lanes.kappa_kappa[i] = 0.0


cdef inline void begin_waves(const Lanes* lanes, Block* block) noexcept nogil:
    """The first eigenfunction."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef int place
    cdef Frame frame
    cdef Payoff payoff
    cdef WaveLanes* w = &block.waves
    cdef double angle, scale
    cdef double sine, cosine
    for i in range(whole):
        w.value[i] = w.x[i] = w.xx[i] = w.xxx[i] = w.xxxx[i] = 0.0
        w.nu[i] = w.nu_x[i] = w.nu_xx[i] = w.nu_nu[i] = 0.0
    for i in range(whole):
        frame_at(&block.frames, i, &frame)
        w.omega[i] = PI / frame.width
        angle = w.omega[i] * frame.deviation
        w.decay[i] = exp(-0.5 * angle * angle)
        w.ratio_of_ratios[i] = w.decay[i] * w.decay[i]
        w.ratio[i] = w.decay[i] * w.ratio_of_ratios[i]
        waves.sine_cosine(frame.below / frame.width, frame.above / frame.width, &sine, &cosine)
        w.angle[0].sine[i] = sine
        w.angle[0].cosine[i] = cosine
        scale = 2.0 / frame.width
        w.factor[2][i] = scale * waves.end_factor(-frame.below, frame.nu, frame.shift, frame.discount)
        w.factor[3][i] = scale * waves.end_factor(frame.above, frame.nu, frame.shift, frame.discount)
    if block.any_payoff:
        for i in range(whole):
            frame_at(&block.frames, i, &frame)
            payoff_at(&block.payoff, i, &payoff)
            waves.sine_cosine(payoff.first.low / frame.width, payoff.first.high / frame.width, &sine, &cosine)
            w.angle[1].sine[i] = sine
            w.angle[1].cosine[i] = cosine
            waves.sine_cosine(payoff.last.low / frame.width, payoff.last.high / frame.width, &sine, &cosine)
            w.angle[2].sine[i] = sine
            w.angle[2].cosine[i] = cosine
            scale = 2.0 / frame.width
            w.factor[0][i] = -block.payoff.weight[i] * scale * waves.end_factor(
                payoff.first.position, frame.nu, frame.shift, frame.discount)
            w.factor[1][i] = block.payoff.weight[i] * scale * waves.end_factor(
                payoff.last.position, frame.nu, frame.shift, frame.discount)
    for place in range(3 if block.any_payoff else 1):
        for i in range(whole):
            w.multiple[place].sine[i] = w.angle[place].sine[i]
            w.multiple[place].cosine[i] = w.angle[place].cosine[i]


cdef inline void next_wave(Block* block) noexcept nogil:
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef int place
    cdef WaveLanes* w = &block.waves
    cdef double s, c
    for i in range(whole):
        w.decay[i] *= w.ratio[i]
        w.ratio[i] *= w.ratio_of_ratios[i]
    for place in range(3 if block.any_payoff else 1):
        for i in range(whole):
            s = w.multiple[place].sine[i]
            c = w.multiple[place].cosine[i]
            waves.next_multiple(w.angle[place].sine[i], w.angle[place].cosine[i], &s, &c)
            w.multiple[place].sine[i] = s
            w.multiple[place].cosine[i] = c


cdef inline bint weigh_wave(int n, Block* block) noexcept nogil:
    """Which lanes need the eigenfunction of this number; whether any does."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef WaveLanes* w = &block.waves
    cdef double angle
    cdef long long any_weight = 0
    for i in range(whole):
        angle = PI * block.frames.deviation[i] / block.frames.width[i]
        w.weight[i] = 1.0 if (n * n - 1) * (0.5 * angle * angle) < NEGLIGIBLE else 0.0
        any_weight |= w.weight[i] != 0.0
        w.weight[i] *= w.decay[i]
    return any_weight != 0


cdef inline void add_payoff_wave(int order, int n, Block* block) noexcept nogil:
    """Add the ends of the payoffs to the coefficients of an eigenfunction."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Frame frame
    cdef Payoff payoff
    cdef Coefficient c
    cdef WaveLanes* w = &block.waves
    for i in range(whole):
        frame_at(&block.frames, i, &frame)
        payoff_at(&block.payoff, i, &payoff)
        c.value = c.nu = c.nu_nu = 0.0
        waves.add_end(
            order, n * w.omega[i], frame.nu, frame.deviation * frame.deviation, payoff.units * payoff.first.level,
            payoff.cash, payoff.first.position - frame.shift * frame.deviation, w.weight[i] * w.factor[0][i],
            w.multiple[1].sine[i], w.multiple[1].cosine[i], &c)
        waves.add_end(
            order, n * w.omega[i], frame.nu, frame.deviation * frame.deviation, payoff.units * payoff.last.level,
            payoff.cash, payoff.last.position - frame.shift * frame.deviation, w.weight[i] * w.factor[1][i],
            w.multiple[2].sine[i], w.multiple[2].cosine[i], &c)
        w.c[i] = c.value
        w.c_nu[i] = c.nu
        w.c_nu_nu[i] = c.nu_nu


cdef inline void add_survival_wave(int order, int n, Block* block) noexcept nogil:
    """Add the ends of the corridor, for survival."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Frame frame
    cdef Coefficient c
    cdef WaveLanes* w = &block.waves
    cdef double sign = 1.0 if n % 2 else -1.0
    for i in range(whole):
        frame_at(&block.frames, i, &frame)
        c.value = w.c[i]
        c.nu = w.c_nu[i]
        c.nu_nu = w.c_nu_nu[i]
        waves.add_end(
            order, n * w.omega[i], frame.nu, frame.deviation * frame.deviation, 0.0, block.survival.cash[i],
            -frame.below - frame.shift * frame.deviation, -w.weight[i] * w.factor[2][i], 0.0, 1.0, &c)
        waves.add_end(
            order, n * w.omega[i], frame.nu, frame.deviation * frame.deviation, 0.0, block.survival.cash[i],
            frame.above - frame.shift * frame.deviation, w.weight[i] * w.factor[3][i], 0.0, -sign, &c)
        w.c[i] = c.value
        w.c_nu[i] = c.nu
        w.c_nu_nu[i] = c.nu_nu


cdef inline void add_wave(int order, int n, Block* block) noexcept nogil:
    """Add an eigenfunction with its coefficients."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Coefficient c
    cdef Wave wave
    cdef WaveLanes* w = &block.waves
    for i in range(whole):
        c.value = w.c[i]
        c.nu = w.c_nu[i]
        c.nu_nu = w.c_nu_nu[i]
        wave_at(w, i, &wave)
        waves.add_eigenfunction(order, n * w.omega[i], w.multiple[0].sine[i], w.multiple[0].cosine[i], &c, &wave)
        put_wave(order, &wave, w, i)


cdef inline void begin_hit_waves(
    int order, const Lanes* lanes, HitLanes* hit_lanes, const Block* block,
) noexcept nogil:
    """Hits of one barrier at any time."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Killing killing
    cdef Hit hit
    cdef Side side
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        side_at(hit_lanes, i, &side)
        hits.killing_of(&option, frame.nu, &killing)
        hit_at(hit_lanes, i, &hit)
        hits.add_without_end(
            order, hit_lanes.weight[i], &side, &frame, &killing, hit_lanes.ordinary_kappa[i], &hit)
        put_hit(order, &hit, hit_lanes, i)


cdef inline void add_hit_wave(
    int order, int n, const double* factor, HitLanes* hit_lanes, const Block* block,
) noexcept nogil:
    """An eigenfunction of the hits of one barrier."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Hit hit
    cdef const WaveLanes* w = &block.waves
    cdef const double* deviation = block.frames.deviation
    # sin(n pi (u - l)/w) brings (-1)^n to the upper barrier's
    cdef double sign = -1.0 if n % 2 else hit_lanes.upward
    for i in range(whole):
        hit_at(hit_lanes, i, &hit)
        hits.add_eigenfunction(
            order, n * w.omega[i], w.multiple[0].sine[i], w.multiple[0].cosine[i], hit_lanes.ordinary_kappa[i],
            deviation[i] * deviation[i], sign * hit_lanes.weight[i] * w.weight[i] * factor[i], &hit)
        put_hit(order, &hit, hit_lanes, i)


cdef inline void add_waves(
    int order, bint with_hits, const Lanes* lanes, HitLanes* hit, Block* block,
) noexcept nogil:
    """All eigenfunctions."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef int n, upper
    cdef Option option
    cdef Wave wave
    cdef Jet jet
    begin_waves(lanes, block)
    if with_hits:
        for upper in range(2):
            begin_hit_waves(order, lanes, &hit[upper], block)
    for n in range(1, EIGENFUNCTIONS + 1):
        if not weigh_wave(n, block):
            break
        for i in range(whole):
            block.waves.c[i] = block.waves.c_nu[i] = block.waves.c_nu_nu[i] = 0.0
        if block.any_payoff:
            add_payoff_wave(order, n, block)
        if block.any_survival:
            add_survival_wave(order, n, block)
        if block.any_payoff or block.any_survival:
            add_wave(order, n, block)
        if with_hits:
            for upper in range(2):
                add_hit_wave(order, n, block.waves.factor[2 + upper], &hit[upper], block)
        next_wave(block)
    if block.any_payoff or block.any_survival:
        for i in range(whole):
            option_at(lanes, i, &option)
            wave_at(&block.waves, i, &wave)
            jet_at(&block.jets, i, &jet)
            waves.settle(order, block.frames.nu[i], &option, &wave, &jet)
            put_jet(order, &jet, &block.jets, i)


cdef inline void settle_hits(int order, const Lanes* lanes, const HitLanes* hit_lanes, Block* block) noexcept nogil:
    """Add what is paid at the hit of one barrier."""
    cdef Py_ssize_t i, whole = padded(block.whole)
    cdef Option option
    cdef Frame frame
    cdef Killing killing
    cdef Hit hit
    cdef Side side
    cdef Jet jet
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&block.frames, i, &frame)
        side_at(hit_lanes, i, &side)
        hits.killing_of(&option, frame.nu, &killing)
        hit_at(hit_lanes, i, &hit)
        jet_at(&block.jets, i, &jet)
        hits.settle(order, hit_lanes.amount[i], &side, &option, &frame, &killing, &hit, &jet)
        put_jet(order, &jet, &block.jets, i)


cdef void odd_hits(int order, const Lanes* lanes, HitLanes* hit_lanes, const Block* block) noexcept nogil:
    """The hits of the first option, if they need complex numbers."""
    cdef Option option
    cdef Frame frame
    cdef Killing killing
    cdef Hit hit
    cdef Side side
    cdef int upper
    option_at(lanes, 0, &option)
    frame_at(&block.frames, 0, &frame)
    hits.killing_of(&option, frame.nu, &killing)
    for upper in range(2):
        if hit_lanes[upper].amount[0] != 0.0 and hits.is_odd(block.images, &frame, &killing):
            hit_at(&hit_lanes[upper], 0, &hit)
            side_at(&hit_lanes[upper], 0, &side)
            hits.odd_hit(order, &side, block.images, &frame, &killing, &hit)
            put_hit(2, &hit, &hit_lanes[upper], 0)


cdef inline bint is_separate(int kind, double rebate) noexcept nogil:
    """Whether an option in at one barrier and out at the other has a rebate: it is that of the outer barrier alone,
    whatever the inner one does."""
    return kind & (KIKO | TOUCH) == KIKO and rebate != 0.0


cdef void add_separate(int order, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    """Add those rebates."""
    cdef Py_ssize_t i
    cdef int kind, place
    cdef Option option
    cdef double rebate[SECOND_ORDER]
    for i in range(count):
        if not is_separate(lanes.kind[i], lanes.rebate[i]):
            continue
        option_at(lanes, i, &option)
        kind = single.OUT | single.TOUCH | (single.AT_EXPIRY if option.kind & AT_EXPIRY else 0)
        if option.kind & BASIC == KIKO:
            kind |= single.UP
        formula.one_barrier(
            order, &option, option.upper if kind & single.UP else option.lower, option.rebate, kind, rebate)
        for place in range(outputs_of(order)):
            lanes.out[place][i] += rebate[place]


cdef inline void evaluate(int order, int sort, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    """Living options of one sort."""
    cdef Py_ssize_t i, whole = padded(count)
    cdef int upper
    cdef Block block
    # an object of its own, or compilers could not tell that what is written to one barrier's hits is not read
    cdef HitLanes hit[2]
    cdef Jet jet
    cdef long long any_separate = 0
    block.images = sort & EIGEN == 0
    block.whole = whole
    begin_block(lanes, hit, &block)
    clear(&jet)
    for i in range(whole):
        put_jet(2, &jet, &block.jets, i)
    if block.any_payoff:
        add_direct(order, lanes, &block)
    if block.any_outside:
        add_outside(order, lanes, &block)
    if block.any_outer:
        add_outer(order, lanes, &block)
    if block.any_survival:
        add_survival(order, lanes, &block)
    if block.images and (block.any_payoff or block.any_survival):
        add_mirrors(order, lanes, &block)
    if sort & HIT:
        for upper in range(2):
            begin_hits(upper != 0, lanes, &hit[upper], &block)
        if sort & ALONE:
            apart(odd_hits)(order, lanes, hit, &block)
        if block.images:
            for upper in range(2):
                add_hit_images(order, lanes, &hit[upper], &block)
    if not block.images:
        add_waves(order, sort & HIT != 0, lanes, hit, &block)
    if sort & HIT:
        for upper in range(2):
            settle_hits(order, lanes, &hit[upper], &block)
    for i in range(whole):
        # what has a separate rebate is worth no less than nothing
        block.jets.value[i] = formula.not_negative(
            block.jets.value[i], 0.0 if lanes.kind[i] & (KIKO | TOUCH) == KIKO else lanes.rebate[i])
        any_separate |= (lanes.kind[i] & (KIKO | TOUCH) == KIKO) & (lanes.rebate[i] != 0.0)
    finish_lanes(order, whole, &block.jets, lanes)
    if any_separate:
        add_separate(order, count, lanes)


cdef bint prices(int sort, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    evaluate(0, sort, count, lanes)
    return False


cdef bint first_order(int sort, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    evaluate(1, sort, count, lanes)
    return False


cdef bint second_order(int sort, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    evaluate(2, sort, count, lanes)
    return False


cdef bint careful(int order, const double* numbers, int kind, double* out) noexcept nogil:
    """Any input at all."""
    cdef Option option = Option(
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8],
        kind)
    cdef Frame frame
    cdef Lanes lanes
    cdef int state = formula.edge(order, &option, out), place, sort
    cdef Py_ssize_t i
    cdef double price
    if state == formula.OUTSIDE or state == formula.DONE:
        return state == formula.DONE
    price = out[PRICE]
    prepare(&option, &frame)
    for i in range(GROUP):
        lanes.spot[i] = option.spot
        lanes.strike[i] = option.strike
        lanes.barrier[i] = option.lower
        lanes.upper[i] = option.upper
        lanes.vol[i] = option.vol
        lanes.expiry[i] = option.expiry
        lanes.rate[i] = option.rate
        lanes.dividend[i] = option.dividend
        lanes.rebate[i] = option.rebate
        lanes.kind[i] = option.kind
    sort = ALONE if by_images(frame.deviation, frame.width, frame.shift) > 0.0 else ALONE | EIGEN
    if option.rebate * (pays_hit(option.kind, True) + pays_hit(option.kind, False)) != 0.0:
        sort |= HIT
    METHOD.evaluate[order](sort, 0, 1, &lanes)
    for place in range(outputs_of(order)):
        out[place] = lanes.out[place][0]
    if state == formula.AT_BARRIER:
        out[PRICE] = price
    return True


cdef Method METHOD
METHOD = Method(True, SORTS, sort_lanes, [prices, first_order, second_order], careful, substitute)
cdef Request REQUESTS[3]

# What faces call the flags of a kind.
KINDS = {"knock-in": IN, "knock-out": OUT, "kiko": KIKO, "koki": KOKI}
OPTIONS = {"call": 0, "put": PUT}
PAID_AT = {"hit": 0, "expiry": AT_EXPIRY}
# a no-touch is the rebate of a knock-in, a double touch that of a knock-out
TOUCHES = {
    "double-no-touch": TOUCH + IN, "double-touch": TOUCH + OUT, "kiko": TOUCH + KIKO, "koki": TOUCH + KOKI,
}
ARGUMENTS = "spot strike lower upper vol expiry rate dividend rebate code:b"
double_barrier_price, double_barrier_first_order, double_barrier_second_order = register_method(
    &METHOD, REQUESTS, "double_barrier", ARGUMENTS, "barrier.double_")
