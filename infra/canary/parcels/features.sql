-- One row a parcel, with the late share of its region over the week before it was sent.
SELECT
    questions.parcel,
    ln(any_value(questions.distance_km)) AS log_distance,
    ln(any_value(questions.weight_kg)) AS log_weight,
    any_value(questions.carrier) AS carrier,
    any_value(questions.region) AS region,
    avg((seen.hours > 48)::INTEGER) AS region_late_share
FROM questions
LEFT JOIN (SELECT region, hours, arrivals.known_at FROM arrivals JOIN parcels USING (parcel)) AS seen
    ON seen.region = questions.region
    AND seen.known_at <= questions.asked_at
    AND seen.known_at > questions.asked_at - INTERVAL 7 DAY
GROUP BY questions.parcel
