"""Learns its owner's hand: samples, fine-tuning at night, acceptance, generations of weights."""
