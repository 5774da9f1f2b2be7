#!/usr/bin/env python3
"""Our conversions beside those of the Python package `ml_dtypes` (and numpy's binary16): over a million floats from every
exponent, all ties among them, and every code back.

usage: tests/nvfp4/ml_dtypes_test.py --codes PROGRAM --venv FOLDER

Where the rules differ inputs are kept out: its casts to E4M3 do not saturate, so inputs are clamped to what the format
holds first; what NaN becomes in E2M1 is not defined there, so NaN is left out.

The packages are installed by version into FOLDER once; where they cannot be had this is a skip (77) that says so.
"""
import argparse
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import peer_packages

PACKAGES = {"ml_dtypes": "0.5.4", "numpy": "2.2.6"}


def stratified_million():
    """float32 of each sign and exponent: all ties of FP16 and BF16, one neighbour of each, and some at random; and every bf16,
    so all ties of the small formats. Infinities are among them, NaN is not."""
    random = np.random.default_rng(1)
    high = np.arange(512, dtype=np.int64)[:, None] << 23
    ties = np.arange(2048) << 12
    near = (ties + random.choice([-1, 1], 2048)) & 0x7fffff
    others = random.integers(0, 1 << 23, (512, 1024))
    drawn = np.concatenate([high | ties, high | near, high | others], axis=1).ravel()
    values = np.concatenate([drawn, np.arange(0x10000) << 16]).astype(np.uint32).view(np.float32)
    return values[~np.isnan(values)]


class MlDtypesTest(unittest.TestCase):
    program = ""

    def ours(self, direction, name, numbers, result):
        done = subprocess.run([self.program, direction, name], input=numbers.tobytes(), capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        codes = np.frombuffer(done.stdout, result)
        self.assertEqual(len(codes), len(numbers))
        return codes

    def compare_codes(self, name, values, theirs):
        ours = self.ours("to", name, values, np.uint16)
        wrong = np.flatnonzero(ours != theirs)
        self.assertEqual(len(wrong), 0, f"{name}: {values[wrong[:5]]} give {ours[wrong[:5]]} and {theirs[wrong[:5]]}")

    def compare_values(self, name, dtype, codes):
        theirs = codes.view(dtype).astype(np.float32)
        ours = self.ours("from", name, codes.astype(np.uint16), np.float32)
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        kept = ~np.isnan(theirs)
        np.testing.assert_array_equal(ours[kept].view(np.uint32), theirs[kept].view(np.uint32))

    def test_e2m1_codes(self):
        values = np.clip(stratified_million(), -6, 6).astype(np.float32)
        self.assertGreater(len(values), 1_000_000)
        self.compare_codes("e2m1", values, values.astype(ml_dtypes.float4_e2m1fn).view(np.uint8).astype(np.uint16))

    def test_e4m3_codes(self):
        values = np.clip(stratified_million(), -448, 448).astype(np.float32)
        self.compare_codes("e4m3", values, values.astype(ml_dtypes.float8_e4m3fn).view(np.uint8).astype(np.uint16))

    def test_bf16_codes(self):
        values = stratified_million()
        self.compare_codes("bf16", values, values.astype(ml_dtypes.bfloat16).view(np.uint16))

    def test_f16_codes(self):
        values = stratified_million()
        with np.errstate(over="ignore"):
            self.compare_codes("f16", values, values.astype(np.float16).view(np.uint16))

    def test_ties_are_among_the_inputs(self):
        values = np.abs(stratified_million())
        for tie in (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 2**-10, 1.0625, 1 + 2**-8, 1 + 2**-11):
            self.assertIn(np.float32(tie), values)

    def test_values_of_all_codes(self):
        self.compare_values("e2m1", ml_dtypes.float4_e2m1fn, np.arange(16, dtype=np.uint8))
        self.compare_values("e4m3", ml_dtypes.float8_e4m3fn, np.arange(256, dtype=np.uint8))
        self.compare_values("bf16", ml_dtypes.bfloat16, np.arange(0x10000, dtype=np.uint16))
        self.compare_values("f16", np.float16, np.arange(0x10000, dtype=np.uint16))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", required=True)
    parser.add_argument("--venv", required=True, type=Path)
    parser.add_argument(peer_packages.INSTALLED, action="store_true", help="this is the venv's Python")
    arguments = parser.parse_args()
    peer_packages.run_with(arguments.venv, PACKAGES)
    global np, ml_dtypes
    import ml_dtypes
    import numpy as np
    MlDtypesTest.program = arguments.codes
    result = unittest.main(argv=[sys.argv[0]], exit=False, verbosity=2).result
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
