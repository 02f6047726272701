/* The machine's peak of fused multiply-adds in float32, measured now: independent chains in registers on every thread. */
#ifndef VAE_BENCH_FMA_PEAK_H
#define VAE_BENCH_FMA_PEAK_H

/* Floating-point operations a second (an FMA counts two) of `threads` threads together. Takes about 50 ms. */
double fma_peak(int threads);

#endif
