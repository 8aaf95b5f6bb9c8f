"""Detectors of change, one file each, named after the method or the paper.

A day's test becomes a bet (`e_value`), bets become evidence (`e_cusum`, `e_shiryaev_roberts`), and
the evidence of many streams becomes alarms at a budget (`e_benjamini_hochberg`). What has to be
kept from day to day is one number a stream. `cusum` is the classic to compare with, and
`podkopaev_ramdas` watches a model's losses instead of its inputs.
"""
