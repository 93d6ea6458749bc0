/* samples.h - what was measured of one thing in several rounds, and how it is written. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised is empty. The order of adding is lost by the functions that need another. */
typedef struct samples {
    double *values;
    size_t count, capacity;
} samples;

void samples_add(samples *s, double value);
void samples_done(samples *s);
/* 0 when empty. */
double samples_median(samples *s);
double samples_least(samples *s);
double samples_most(samples *s);
/* The value that `part` (0 to 1) of them do not exceed. */
double samples_part(samples *s, double part);

typedef struct figure {
    char text[40];
} figure;

/* Three digits and a unit that suits: 812 ns, 40.6 us, 1.23 ms, 2.05 s. */
figure figure_ns(double ns);
/* The same of the least and the most: "39.8 .. 44.1 us". */
figure figure_spread_ns(samples *s);
/* Three digits: 0.0123, 1.23, 12.3, 123, 1,230, 1,230,000. */
figure figure_number(double value);
/* "1.23x"; "-" where there is nothing to compare with. */
figure figure_ratio(double value, double to);
/* 640 B, 37.2 KiB, 1.61 MiB. */
figure figure_bytes(double count);

#endif
