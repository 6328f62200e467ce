"""Expressions of PromQL over the series that promql_test.py makes: by hand for each rule, and combined for each function and operator."""

RANGE_FUNCTIONS = ["rate", "increase", "irate", "delta", "idelta", "deriv", "resets", "changes", "avg_over_time", "min_over_time", "max_over_time",
                   "sum_over_time", "count_over_time", "last_over_time", "present_over_time", "absent_over_time", "stddev_over_time", "stdvar_over_time"]
RANGES = ["requests_total[1m]", "requests_total[5m]", "temperature[3m] offset 7m", "gappy[10m]", 'odd[2m]', "sparse[20m]"]
# Of what is no number Go makes a date of the year 292277026596, we make none.
DATES = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
VECTOR_FUNCTIONS = ["abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "round", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
                    "asinh", "acosh", "atanh", "deg", "rad", "timestamp", "-", "absent", "scalar", "count"]
FOLDS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
OPERATORS = ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "== bool", "> bool", "<= bool"]

# Those whose answers to instant queries have an order.
ORDERED = ["sort(temperature)", "sort_desc(temperature)", "sort(odd)", "sort_desc(odd)", "topk(3, temperature)", "bottomk(2, temperature)",
           "sort_desc(sum by (job) (rate(requests_total[5m])))", "topk(2, odd)", "bottomk(5, odd)", "topk by (zone) (1, temperature)"]

BY_HAND = """
1
-1.5e3
Inf
-Inf
NaN
0x1F
010
"a text"
'with \\'quotes\\' and \\u00e4'
`raw\\n`
1 + 2 * 3
2 ^ 3 ^ 2
-2 ^ 2
2 ^ -1 * 4
10 - 4 - 3
7 % 4 / 3
-7 % 4
1 / 0
0 / 0
1 == bool 1
1 > bool 2
+1
- - 1
time()
time() - 1700000000
pi()
vector(1)
vector(time())
scalar(vector(3))
scalar(requests_total)
scalar(sum(temperature))
requests_total
requests_total{}
{__name__="requests_total"}
{__name__=~"requests_.*|temperature"}
{__name__=~"temp.*",zone!="west"}
requests_total{job="api"}
requests_total{job=~"api|web"}
requests_total{job!~"api|web"}
requests_total{job!="api",status="500"}
requests_total{job=~"a.*",status=~"5.."}
requests_total{job=~"ap"}
requests_total{nosuch=""}
requests_total{nosuch!=""}
requests_total{status=~"200|",job="api"}
requests_total{nosuch=~".*"}
nothing_there
sparse
gappy
gappy offset 4m
requests_total offset 10m
requests_total offset -10m
requests_total @ 1700003000
requests_total @ 1700003000 offset 5m
requests_total offset 5m @ 1700003000
requests_total @ start()
requests_total @ end()
sum(requests_total @ end()) - sum(requests_total @ start())
rate(requests_total[5m] @ end())
rate(requests_total[5m] @ 1700003000 offset -2m)
rate(requests_total[1h] @ start())
sum by (job) (rate(requests_total[5m]))
sum by (job, status) (rate(requests_total[5m]))
sum without (instance) (rate(requests_total[5m]))
sum without (instance, status, job) (rate(requests_total[5m]))
sum(rate(requests_total[5m])) by (status)
sum by () (temperature)
sum without () (temperature)
sum by (__name__) ({__name__=~"temperature|humidity"})
count by (job) (requests_total)
avg by (zone) (temperature)
avg(odd)
sum(odd)
min(odd)
max(odd)
stddev(odd)
count(odd)
quantile(0.5, temperature)
quantile(0.9, rate(requests_total[5m])) 
quantile by (zone) (0.25, temperature)
quantile(-1, temperature)
quantile(2, temperature)
quantile(0.5, odd)
quantile(scalar(count(temperature)) / 10, temperature)
topk(1, temperature) by (zone)
topk(0, temperature)
topk(-1, temperature)
topk(100, temperature)
bottomk(1, rate(requests_total[5m])) by (job)
topk(scalar(count(group by (zone) (temperature))), temperature)
count_values("value", changes(gappy[30m]))
count_values by (zone) ("v", round(temperature, 5))
count_values without (zone, sensor) ("v", round(temperature / 10))
count_values("v", odd)
topk(NaN, temperature)
count_values("0bad", temperature)
rate(requests_total{job="api"}[5m])
rate(requests_total[30s])
rate(requests_total[15s])
rate(requests_total[1h])
rate(requests_total[2h30m])
increase(requests_total[10m:30s])
rate(requests_total[5m] offset 3m)
rate({__name__=~"requests_total|errors_total"}[5m])
rate({__name__=~"requests_total|other_total"}[5m])
irate(requests_total[90s])
delta(temperature[10m])
idelta(temperature[5m])
deriv(temperature[10m])
deriv(constant[10m])
deriv(infinite[10m])
predict_linear(temperature[10m], 3600)
predict_linear(temperature[10m], -60)
predict_linear(temperature[30m], scalar(count(temperature)) * 60)
predict_linear(constant[10m], 60)
predict_linear(temperature[10m] offset 5m, 600)
holt_winters(temperature[10m], 0.3, 0.6)
holt_winters(temperature[10m], 0.5, 0.1)
holt_winters(temperature[10m], 1.5, 0.1)
holt_winters(temperature[10m], 0.5, 0)
quantile_over_time(0.9, temperature[10m])
quantile_over_time(0, temperature[10m])
quantile_over_time(1, temperature[10m])
quantile_over_time(1.1, temperature[10m])
quantile_over_time(-0.1, temperature[10m])
quantile_over_time(0.5, odd[10m])
quantile_over_time(scalar(sum(constant)) / 100, temperature[10m])
absent(nothing_there)
absent(nothing_there{job="x", zone="y"})
absent(nothing_there{job="x", job="y"})
absent(nothing_there{job="x", zone=~"y"})
absent((nothing_there{job="x"}))
absent(temperature)
absent(sum(nothing_there{job="x"}))
absent(sparse)
absent(nothing_there{job="x"} offset 5m)
absent_over_time(nothing_there{job="x"}[5m])
absent_over_time(sparse[2m])
absent_over_time(temperature[2m])
absent_over_time(rate(nothing_there{job="x"}[5m])[5m:])
absent_over_time(sparse[2m] offset 1m)
present_over_time(sparse[2m])
timestamp(temperature)
timestamp(temperature offset 5m)
timestamp(temperature + 0)
timestamp((temperature))
timestamp(vector(1))
timestamp(temperature @ 1700003000)
timestamp(timestamp(temperature))
timestamp(sparse)
clamp(temperature, 10, 20)
clamp(temperature, 20, 10)
clamp(temperature, scalar(min(temperature)), 15)
clamp_max(temperature, 15)
clamp_min(temperature, 15)
clamp_max(odd, 1)
clamp_min(odd, 1)
clamp(odd, -1, 1)
clamp(odd, NaN, 1)
clamp_max(temperature, time() - 1700000000)
round(temperature, 0.1)
round(temperature, 5)
round(odd)
round(-temperature, 0.25)
round(vector(-2.5))
round(vector(2.5))
hour()
minute(vector(1700000000))
day_of_week(vector(1700000000))
day_of_month(vector(951868800))
days_in_month(vector(951782400))
days_in_month(vector(4107542400))
day_of_year(vector(1709251199))
year(vector(0))
month(vector(-1))
hour(vector(-3601))
histogram_quantile(0.9, latency_seconds_bucket)
histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(latency_seconds_bucket[5m])))
histogram_quantile(0.99, sum by (le, path) (rate(latency_seconds_bucket[5m])))
histogram_quantile(0, latency_seconds_bucket)
histogram_quantile(1, latency_seconds_bucket)
histogram_quantile(1.5, latency_seconds_bucket)
histogram_quantile(-0.5, latency_seconds_bucket)
histogram_quantile(NaN, latency_seconds_bucket)
histogram_quantile(0.9, latency_seconds_bucket{le!="+Inf"})
histogram_quantile(0.9, latency_seconds_bucket{le=~"0.1|+Inf"})
histogram_quantile(0.9, latency_seconds_bucket{le="+Inf"})
histogram_quantile(0.9, temperature)
histogram_quantile(0.9, increase(latency_seconds_bucket[10m]))
histogram_quantile(0.5, crooked_bucket)
histogram_quantile(0.9, crooked_bucket)
histogram_quantile(0.2, sum without (path) (crooked_bucket))
histogram_quantile(scalar(vector(0.75)), latency_seconds_bucket)
latency_seconds_sum / latency_seconds_count
rate(latency_seconds_sum[5m]) / rate(latency_seconds_count[5m])
sum(rate(latency_seconds_bucket{le="0.1"}[5m])) by (path) / sum(rate(latency_seconds_count[5m])) by (path)
label_replace(temperature, "place", "$1-$2", "sensor", "(.)(.*)")
label_replace(temperature, "place", "${1}x", "zone", "(ea|we)st")
label_replace(temperature, "place", "$1x", "zone", "(.*)")
label_replace(temperature, "place", "$$", "zone", "(.*)")
label_replace(temperature, "zone", "", "zone", ".*")
label_replace(temperature, "sensor", "x", "", "")
label_replace(temperature, "place", "$name", "zone", "(?P<name>e).*")
label_replace(temperature, "place", "${name}!", "zone", "(?P<name>e).*")
label_replace(temperature, "__name__", "warmth", "", "")
label_replace(temperature, "bad-name", "x", "zone", ".*")
label_replace(temperature, "place", "x", "zone", "(")
label_replace(temperature, "place", "x", "nosuch", "")
label_replace(rate(requests_total[5m]), "host", "$1", "instance", "(.*):.*")
label_join(temperature, "both", "-", "zone", "sensor")
label_join(temperature, "both", ",", "sensor")
label_join(temperature, "both", ",")
label_join(temperature, "zone", "/", "zone", "nosuch", "sensor")
label_join(temperature, "bad-name", "/", "zone")
temperature + humidity
temperature + on(zone, sensor) humidity
temperature - ignoring(nosuch) humidity
temperature * on(sensor) humidity
temperature > humidity
temperature < bool humidity
temperature == temperature
temperature / on(zone) group_left() zone_info
temperature / on(zone) group_left zone_info
temperature * on(zone) group_left(owner) zone_info
zone_info * on(zone) group_right(owner) temperature
zone_info * on(zone) group_right() temperature
zone_info / on(zone) temperature
temperature / on(zone) zone_info
temperature * on(zone) group_left(sensor) zone_info
temperature > on(zone) group_left zone_info
zone_info < on(zone) group_right temperature
zone_info < bool on(zone) group_right temperature
sum by (job, status) (rate(requests_total[5m])) / ignoring(status) group_left sum by (job) (rate(requests_total[5m]))
sum by (job, status) (rate(requests_total[5m])) / on(job) group_left() sum by (job) (rate(requests_total[5m]))
requests_total / ignoring(status) requests_total
requests_total{status="500"} / ignoring(status) requests_total{status="200"}
errors_total / requests_total{status="200"}
errors_total / on(job, instance) requests_total{status="200"}
errors_total / on(job, instance) group_left requests_total
temperature and humidity
temperature and on(zone) zone_info
temperature and on() vector(1)
temperature and on() (vector(1) > 2)
temperature unless humidity
temperature unless on(sensor) humidity{sensor="a"}
temperature or humidity
temperature or on(zone) humidity
temperature{zone="east"} or temperature{zone="west"}
sum(temperature) or vector(0)
sum(nothing_there) or vector(0)
nothing_there or on() vector(7)
(temperature > 15) or (humidity < 50)
gappy or sparse
gappy and sparse
gappy unless sparse
gappy unless on() sparse
temperature > 15 and humidity < 60
temperature > bool 15
15 < temperature
15 < bool temperature
temperature == 15
2 * temperature
temperature * 2 + 1
1 / temperature
temperature ^ 2
2 ^ temperature
temperature % 7
temperature atan2 humidity
time() - timestamp(temperature)
temperature - temperature offset 5m
-temperature
-{__name__=~"temperature|humidity"}
+temperature
-(-temperature)
{__name__=~"temperature|humidity"} + 1
{__name__=~"temperature|humidity"} > 10
{__name__=~"temperature|humidity"} > bool 10
abs({__name__=~"temperature|humidity"})
sum({__name__=~"temperature|humidity"})
temperature[5m]
gappy[10m]
temperature[5m] offset 5m
temperature[5m] @ 1700003000
temperature[5m:1m]
temperature[5m:]
temperature[5m:15s] offset 1m
rate(requests_total[1m])[5m:1m]
max_over_time(rate(requests_total[1m])[10m:1m])
max_over_time(rate(requests_total[1m])[10m:])
min_over_time(rate(requests_total[1m])[10m:1m] offset 5m)
avg_over_time(sum by (job) (rate(requests_total[1m]))[10m:30s])
max_over_time(deriv(temperature[2m])[10m:30s])
quantile_over_time(0.9, sum(rate(requests_total[1m]))[20m:1m])
sum_over_time(max_over_time(temperature[1m])[10m:2m])
sum_over_time(vector(1)[10m:1m])
sum_over_time(time()[10m:1m])
count_over_time((temperature > 15)[10m:30s])
rate(sum(requests_total)[10m:30s])
max_over_time(temperature[10m:1m] @ 1700003000)
max_over_time(temperature[10m:1m] @ end())
max_over_time((temperature @ 1700003000)[10m:1m])
max_over_time((temperature offset 5m)[10m:1m] offset -5m)
sum_over_time(max_over_time(max_over_time(temperature[1m:15s])[3m:30s])[10m:1m])
last_over_time(temperature[5m:1m])
timestamp(last_over_time(sparse[20m]))
changes(changes(gappy[5m])[20m:1m])
avg_over_time(odd[10m])
sum_over_time(odd[10m])
min_over_time(odd[10m])
max_over_time(odd[10m])
stddev_over_time(odd[10m])
avg_over_time(infinite[10m])
sum_over_time(infinite[10m])
stdvar_over_time(infinite[10m])
stdvar_over_time(constant[10m])
avg_over_time(huge[10m])
sum_over_time(huge[10m])
stddev_over_time(huge[10m])
avg(huge)
stddev(huge)
changes(odd[10m])
resets(odd[10m])
max_over_time(temperature[10m]) - min_over_time(temperature[10m])
100 * (1 - avg by (job) (rate(errors_total[5m])))
sum by (job) (rate(requests_total{status=~"5.."}[5m])) / sum by (job) (rate(requests_total[5m])) > 0.01
group by (job) (requests_total) * on(job) group_left(owner) job_info
count(count by (instance) (requests_total))
max by (job) (topk(2, rate(requests_total[5m])))
sum(topk(3, temperature))
scalar(topk(1, temperature)) + temperature
avg(temperature) > bool avg(humidity)
stdvar by (zone) (temperature)
group(temperature)
sum(sum by (job) (requests_total)) == sum(requests_total)
sgn(temperature - 15)
sqrt(-temperature)
ln(vector(0))
exp(vector(1000))
deg(vector(3.14159))
up == 1
sum(up) by (job) / count(up) by (job)
avg_over_time(up[10m])
ALERTS
job:requests:rate5m
sum
by
""".strip("\n").split("\n")

REFUSED = """

sum(
sum)
(1
1 +
* 1
foo{
foo{a="b"
foo{a}
foo{a=b}
foo{a="b",,}
foo{"a"="b"}
{}
{a=""}
{a=~".*"}
foo{__name__="bar"}
foo{a=~"("}
rate(foo)
rate(foo[5m)
foo[5m
foo[5]
foo[]
foo[0m]
foo[5m][5m]
foo[5m:5m:5m]
(foo)[5m]
foo[5m] + 1
foo offset
foo offset 5
foo offset 5m offset 5m
sum(foo) offset 5m
foo @
foo @ x
foo @ 5 @ 6
foo offset 5m [5m]
1 > 2
1 and 2
foo and 1
foo + on(a) 1
foo and on(a) group_left bar
foo + group_left bar
foo + on(a) group_left(a) bar
foo + bool bar
"a" + 1
-"a"
-foo[5m]
nosuch(foo)
abs()
abs(foo, bar)
round(foo, 1, 2)
label_join(foo)
label_replace(foo, "a", "b")
topk(foo)
topk("a", foo)
count_values(1, foo)
sum()
sum(foo, bar)
sum(1)
sum by (a foo)
sum by a (foo)
sum(foo) by (a) by (b)
histogram_quantile(foo, bar)
time(1)
1h
0x
1e
foo[1x]
foo[5m5m]
foo[1h5d]
"unterminated
'x
`x
foo $ bar
foo ! bar
foo = bar
foo{a=="b"}
1 2
foo bar
foo,bar
vector(foo)
scalar(1)
absent_over_time(foo)
foo[5m:1m] offset
max_over_time(foo[5m:0s])
max_over_time(1[5m])
max_over_time("a"[5m:1m])
""".strip("\n").split("\n")


def combined():
    for function in RANGE_FUNCTIONS:
        for ranged in RANGES:
            yield f"{function}({ranged})"
    for function in VECTOR_FUNCTIONS:
        for vector in ("temperature", "odd"):
            yield f"{function}({vector})"
    for function in DATES:
        yield f"{function}(temperature * 1e8)"
    for fold in FOLDS:
        yield f"{fold} by (zone) (temperature)"
        yield f"{fold} without (instance) (rate(requests_total[2m]))"
        yield f"{fold}(gappy)"
    for operator in OPERATORS:
        yield f"temperature {operator} 15"
        yield f"15 {operator} temperature"
        yield f"temperature {operator} humidity"
        yield f"odd {operator} odd"
        yield f"gappy {operator} on() group_left sum(sparse)"
        yield f"temperature {operator} on(zone) group_left(owner) zone_info"


def all_expressions():
    seen = dict.fromkeys([*BY_HAND, *ORDERED, *combined()])
    return [expression for expression in seen if expression.strip()]
