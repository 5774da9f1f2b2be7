// cvt.fp4: does conversion to and from E2M1 round right?
//
// To E2M1: every tie between two neighbours of the grid and the floats on either side of it, every value of the grid
// and its neighbours, values beyond the largest, infinities, NaN of both signs, both zeros, subnormal floats, and
// floats of every exponent from the challenge. A permutation from the challenge deals each of them once into the low
// and once into the high half of a byte. Back: every byte, so every code in either half beside every other.
//
// The oracle looks for the nearest value of the grid, the even code where two are equally near. NaN, of either sign, is
// the positive largest, 0x7: so the manual has it for .satfinite and a format without NaN (PTX ISA 9.7.9.21), and so
// cuda_fp4.h computes it on the host; the Microscaling specification leaves it open.
//
// The forms with .relu are asked what the manual settles. A negative result becomes zero, but whether negative zero is
// one, and what NaN is in a format without NaN, it leaves open: no input whose rounded result is NaN or negative zero
// is among theirs. Those are the negative floats down to -0.25, which round to zero, as well as negative zero itself.
//
// cvt.rn.satfinite.e2m1x2.f16x2 is left out: the manual has it from PTX ISA 9.1, another floor than the rest, although
// nvJitLink 13.0 takes it from 8.6. Tested by tests/probes/cvt_fp4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

gate::Probe make_cvt_fp4(const gate::Seed&);

/// The code of the E2M1 value that is nearest: ties to the even code, beyond the largest the largest, NaN 0x7.
std::uint8_t nearest_e2m1(float value);

}  // namespace assay::probes
