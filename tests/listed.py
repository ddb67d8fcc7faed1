"""Contracts that are listed at venues, by the names that tests know them by."""

import shortgamma as sg

XBTUSD = sg.venues.bitmex.contract("XBTUSD")
ETHUSD = sg.venues.bitmex.contract("ETHUSD")
NIKKEI_USD = sg.venues.cme.contract("NKD")
NIKKEI_YEN = sg.venues.cme.contract("NIY")
