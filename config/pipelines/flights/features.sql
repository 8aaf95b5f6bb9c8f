-- One row a question: what was known two hours before scheduled departure.
-- `questions` holds the flights asked about, with `asked_at`; every other table is the lake's own.
-- A share is counted from running totals: the total known when asked, less the total known
-- 3 hours to 28 days before, so that no row is read that had not arrived by then.
WITH landed AS (
    SELECT
        greatest(outcomes.known_at, schedule.known_at) AS known_at,
        (outcomes.arrival_delay_minutes >= 15)::INTEGER AS late,
        least(greatest(outcomes.arrival_delay_minutes, -60), 180) AS delay,
        schedule.carrier,
        schedule.origin,
        schedule.origin || '-' || schedule.destination AS route,
        schedule.carrier || '-' || (schedule.departure_minute // 180) AS band
    FROM outcomes JOIN schedule USING (flight_id)
    -- What was held back for days is no news: it would fall out of lookback_days one by one.
    WHERE greatest(outcomes.known_at, schedule.known_at) < landed_date + INTERVAL 3 DAY
),

groups AS (
    SELECT 'all' AS dimension, 'all' AS member, known_at, late, delay FROM landed
    UNION ALL SELECT 'carrier', carrier, known_at, late, delay FROM landed
    UNION ALL SELECT 'origin', origin, known_at, late, delay FROM landed
    UNION ALL SELECT 'route', route, known_at, late, delay FROM landed
    UNION ALL SELECT 'band', band, known_at, late, delay FROM landed
),

totals AS (
    SELECT dimension, member, known_at, sum(flights) OVER earlier AS flights,
        sum(late) OVER earlier AS late, sum(delay) OVER earlier AS delay
    FROM (
        SELECT dimension, member, known_at, count(*) AS flights, sum(late) AS late,
            sum(delay) AS delay
        FROM groups GROUP BY ALL
    )
    WINDOW earlier AS (PARTITION BY dimension, member ORDER BY known_at)
),

asked AS (
    SELECT
        *,
        origin || '-' || destination AS route,
        carrier || '-' || (departure_minute // 180) AS band
    FROM questions
),

looks AS (
    SELECT flight_id, asked_at, dimension, member, unnest(hours) AS hours
    FROM (
        SELECT flight_id, asked_at, 'all' AS dimension, 'all' AS member, [0, 3] AS hours FROM asked
        UNION ALL SELECT flight_id, asked_at, 'carrier', carrier, [0, 6, 24, 168, 672] FROM asked
        UNION ALL SELECT flight_id, asked_at, 'origin', origin, [0, 3, 6, 24, 168, 672] FROM asked
        UNION ALL SELECT flight_id, asked_at, 'route', route, [0, 24, 168, 672] FROM asked
        UNION ALL SELECT flight_id, asked_at, 'band', band, [0, 672] FROM asked
    )
),

seen AS (
    SELECT looks.flight_id, looks.dimension, looks.hours, totals.flights, totals.late, totals.delay
    FROM looks ASOF LEFT JOIN totals
        ON looks.dimension = totals.dimension
        AND looks.member = totals.member
        AND looks.asked_at - to_hours(looks.hours) >= totals.known_at
),

shares AS (
    SELECT
        now.flight_id, now.dimension, past.hours,
        (now.late - coalesce(past.late, 0))
            / nullif(now.flights - coalesce(past.flights, 0), 0) AS late_share,
        (now.delay - coalesce(past.delay, 0))
            / nullif(now.flights - coalesce(past.flights, 0), 0) AS mean_delay
    FROM seen AS now JOIN seen AS past USING (flight_id, dimension)
    WHERE now.hours = 0 AND past.hours > 0
),

lateness AS (
    SELECT
        flight_id,
        any_value(late_share) FILTER (dimension = 'all' AND hours = 3) AS late_share_3h,
        any_value(late_share) FILTER (dimension = 'origin' AND hours = 3) AS origin_late_share_3h,
        any_value(mean_delay) FILTER (dimension = 'origin' AND hours = 3) AS origin_delay_3h,
        any_value(late_share) FILTER (dimension = 'origin' AND hours = 6) AS origin_late_share_6h,
        any_value(late_share) FILTER (dimension = 'origin' AND hours = 24) AS origin_late_share_1d,
        any_value(late_share) FILTER (dimension = 'origin' AND hours = 168) AS origin_late_share_7d,
        any_value(late_share) FILTER (dimension = 'origin' AND hours = 672) AS origin_late_share_28d,
        any_value(late_share) FILTER (dimension = 'carrier' AND hours = 6) AS carrier_late_share_6h,
        any_value(late_share) FILTER (dimension = 'carrier' AND hours = 24) AS carrier_late_share_1d,
        any_value(late_share) FILTER (dimension = 'carrier' AND hours = 168) AS carrier_late_share_7d,
        any_value(late_share) FILTER (dimension = 'carrier' AND hours = 672)
            AS carrier_late_share_28d,
        any_value(late_share) FILTER (dimension = 'route' AND hours = 24) AS route_late_share_1d,
        any_value(late_share) FILTER (dimension = 'route' AND hours = 168) AS route_late_share_7d,
        any_value(late_share) FILTER (dimension = 'route' AND hours = 672) AS route_late_share_28d,
        any_value(late_share) FILTER (dimension = 'band' AND hours = 672) AS band_late_share_28d
    FROM shares GROUP BY flight_id
)

SELECT
    asked.flight_id,
    asked.carrier,
    asked.origin,
    asked.destination,
    planes.manufacturer,
    planes.engine,
    asked.distance_miles,
    asked.departure_minute,
    asked.arrival_minute,
    isodow(asked.flight_date) AS weekday,
    year(asked.flight_date) - planes.year AS plane_age_years,
    planes.seats,
    weather.temperature_f,
    weather.dew_point_f,
    weather.humidity_percent,
    weather.wind_speed_mph,
    weather.precipitation_in,
    weather.pressure_hpa,
    weather.visibility_miles,
    lateness.* EXCLUDE (flight_id)
FROM asked
LEFT JOIN planes ON asked.tailnum = planes.tailnum AND asked.asked_at >= planes.known_at
LEFT JOIN lateness USING (flight_id)
ASOF LEFT JOIN weather
    ON asked.origin = weather.origin AND asked.asked_at >= weather.known_at
