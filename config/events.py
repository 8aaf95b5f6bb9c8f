"""Names of the events that Ratchet emits; automations match on them."""

DATA_ARRIVED = "ratchet.data.arrived"
DELIVERY_REFUSED = "ratchet.delivery.refused"
PERFORMANCE_DROPPED = "ratchet.performance.dropped"
CHAMPION_PROMOTED = "ratchet.champion.promoted"
CHALLENGER_REFUSED = "ratchet.challenger.refused"
CHAMPION_ROLLED_BACK = "ratchet.champion.rolled_back"
