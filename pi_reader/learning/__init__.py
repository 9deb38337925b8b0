"""Learning the owner's handwriting: samples, nightly fine-tuning, acceptance, generations."""
