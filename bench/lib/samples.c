#include "bench/lib/samples.h"
#include "base/bytes.h"
#include "bench/lib/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void samples_add(samples *s, double value)
{
    if (array_reserve((void **)&s->values, &s->capacity, s->count + 1, sizeof(s->values[0])) != 0)
        bench_fail("no memory");
    s->values[s->count++] = value;
}

void samples_done(samples *s)
{
    free(s->values);
    *s = (samples){.values = NULL};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(samples *s)
{
    if (s->count > 1)
        qsort(s->values, s->count, sizeof(s->values[0]), compare);
}

double samples_median(samples *s)
{
    if (s->count == 0)
        return 0;
    sort(s);
    size_t half = s->count / 2;
    return s->count % 2 != 0 ? s->values[half] : (s->values[half - 1] + s->values[half]) / 2;
}

double samples_least(samples *s)
{
    sort(s);
    return s->count > 0 ? s->values[0] : 0;
}

double samples_most(samples *s)
{
    sort(s);
    return s->count > 0 ? s->values[s->count - 1] : 0;
}

double samples_part(samples *s, double part)
{
    if (s->count == 0)
        return 0;
    sort(s);
    size_t at = (size_t)ceil(part * (double)s->count);
    return s->values[at > 0 ? at - 1 : 0];
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

typedef struct unit {
    double size;
    const char *name;
} unit;

static const unit times[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
static const unit sizes[] = {{1073741824, "GiB"}, {1048576, "MiB"}, {1024, "KiB"}, {1, "B"}};

/* The largest of four that the value fills. */
static const unit *unit_of(const unit *units, double value)
{
    int i = 0;
    while (i < 3 && fabs(value) < units[i].size * 0.9995)
        i++;
    return &units[i];
}

static int digits_behind(double value)
{
    double v = fabs(value);
    if (v >= 99.95 || v == 0)
        return 0;
    if (v >= 9.995)
        return 1;
    return v >= 0.9995 ? 2 : 2 + (v < 0.09995) + (v < 0.009995);
}

/* Commas between thousands. */
static figure whole(double value)
{
    char plain[40];
    figure f = {.text = ""};
    int len = snprintf(plain, sizeof(plain), "%.0f", value);
    char *out = f.text;
    for (int i = 0; i < len && i < 28; i++) {
        *out++ = plain[i];
        if ((len - i) % 3 == 1 && i + 1 < len && plain[i] != '-')
            *out++ = ',';
    }
    *out = '\0';
    return f;
}

figure figure_number(double value)
{
    figure f;
    if (fabs(value) >= 999.5) {
        double scale = pow(10, floor(log10(fabs(value))) - 2);
        return whole(round(value / scale) * scale);
    }
    snprintf(f.text, sizeof(f.text), "%.*f", digits_behind(value), value);
    return f;
}

static figure with_unit(const unit *units, double value)
{
    figure f;
    const unit *u = unit_of(units, value);
    double scaled = value / u->size;
    snprintf(f.text, sizeof(f.text), "%.*f %s", u->size > 1 ? digits_behind(scaled) : scaled < 99.95, scaled, u->name);
    return f;
}

figure figure_ns(double ns)
{
    return with_unit(times, ns);
}

figure figure_bytes(double count)
{
    return with_unit(sizes, count);
}

figure figure_spread_ns(samples *s)
{
    figure f;
    const unit *u = unit_of(times, samples_most(s));
    double least = samples_least(s) / u->size, most = samples_most(s) / u->size;
    snprintf(f.text, sizeof(f.text), "%.*f .. %.*f %s", digits_behind(least), least, digits_behind(most), most,
             u->name);
    return f;
}

figure figure_ratio(double value, double to)
{
    figure f = {.text = "-"};
    if (to > 0)
        snprintf(f.text, sizeof(f.text), "%.30sx", figure_number(value / to).text);
    return f;
}
