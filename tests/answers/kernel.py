"""A right answer to exercise 15, and what turns it into plausible wrong ones."""


def window_sum(a, sums, n):
    pixels, channels = a.shape
    for p in range(pixels):
        for i in range(channels):
            total = a.dtype.type(0)
            for j in range(max(i - n // 2, 0), min(i - n // 2 + n, channels)):
                total += a[p, j]
            sums[p, i] = total


RUNNING = """
    pixels, channels = a.shape
    for p in range(pixels):
        total = a.dtype.type(0)
        for j in range(min(n - n // 2 - 1, channels)):
            total += a[p, j]
        for i in range(channels):
            if i - n // 2 + n - 1 < channels:
                total += a[p, i - n // 2 + n - 1]
            sums[p, i] = total
            if i - n // 2 >= 0:
                total -= a[p, i - n // 2]
"""
BODY = """
    pixels, channels = a.shape
    for p in range(pixels):
        for i in range(channels):
            total = a.dtype.type(0)
            for j in range(max(i - n // 2, 0), min(i - n // 2 + n, channels)):
                total += a[p, j]
            sums[p, i] = total
"""
WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("min(i - n // 2 + n, channels)", "min(i + n // 2 + 1, channels)", "Channel i sums from"),
    ("min(i - n // 2 + n, channels)", "i - n // 2 + n", "IndexError"),
    ("max(i - n // 2, 0)", "i - n // 2", "without those that are not"),
    (BODY, RUNNING, "sum every window anew"),
    ("sums[p, i] = total", "sums[p, i] += total", "Channel i sums from"),
    ("            sums[p, i] = total", "            pass", "is it written yet?"),
    (
        "sums[p, i] = total",
        "sums[p, i] = sum(a[p, max(i - n // 2, 0) : i - n // 2 + n].tolist())",
        "Numba cannot compile",
    ),
)
