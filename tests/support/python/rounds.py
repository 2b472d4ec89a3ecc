"""How often a fault is repeated, and with which chance. FLEET_ROUNDS sets another number of rounds than a test's modest
own, FLEET_SEED repeats a run: every test prints its seed, which pytest shows where it fails."""
import os
import random


def rounds(modest):
    return int(os.environ.get("FLEET_ROUNDS", modest))


def chance(name):
    seed = os.environ.get("FLEET_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"FLEET_SEED={seed} of {name}", flush=True)
    return random.Random(f"{seed} {name}")
