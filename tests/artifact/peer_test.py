#!/usr/bin/env python3
"""Files that we write, read by the Python package `safetensors`; files that it writes, read by us.

usage: tests/artifact/peer_test.py --files PROGRAM --venv FOLDER

The package is installed by version into FOLDER once, with numpy. Where they cannot be had (no network, no wheel for
this Python) this is a skip (77) that says so in capitals.
"""
import argparse
import ctypes
import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import peer_packages

PACKAGES = {"safetensors": "0.8.0", "numpy": "2.2.6"}
BITS = {"BOOL": 8, "F4": 4, "U8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F16": 16, "BF16": 16, "F32": 32,
        "F64": 64, "I64": 64}


def payload(dtype, shape):
    """Byte i of a tensor; peer_files.cc has the same formula."""
    count = BITS[dtype]
    for dimension in shape:
        count *= dimension
    count //= 8
    return bytes(i % 2 if dtype == "BOOL" else (i * 7 + count) % 256 for i in range(count))


class PeerTest(unittest.TestCase):
    program = ""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def ours(self, *words):
        return subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False)

    def shards(self):
        done = self.ours("write", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        index = json.loads((self.path / "model.safetensors.index.json").read_text(encoding="utf-8"))
        return index, sorted(set(index["weight_map"].values()))

    def test_the_package_reads_every_tensor_of_ours(self):
        index, files = self.shards()
        self.assertGreater(len(files), 1)
        seen, total = {}, 0
        for file in files:
            for name, tensor in peer.deserialize((self.path / file).read_bytes()):
                self.assertEqual(index["weight_map"][name], file)
                self.assertEqual(bytes(tensor["data"]), payload(tensor["dtype"], tensor["shape"]), name)
                seen[name] = (tensor["dtype"], tuple(tensor["shape"]))
                total += len(tensor["data"])
        self.assertEqual(set(seen), set(index["weight_map"]))
        self.assertEqual(index["metadata"]["total_size"], total)
        self.assertEqual(len(seen), 14)
        self.assertEqual(seen["model.l.weight"], ("U8", (31, 32)))
        self.assertEqual(seen["model.l.weight_scale"], ("F8_E4M3", (31, 4)))
        self.assertEqual(seen["model.l.weight_scale_2"], ("F32", ()))
        self.assertEqual(seen["packed"], ("F4", (3, 4)))
        self.assertEqual(seen["empty"], ("F32", (0, 4)))

    def test_the_package_opens_our_files_lazily(self):
        _, files = self.shards()
        for file in files:
            with peer.safe_open(self.path / file, framework="np") as opened:
                self.assertEqual(opened.metadata(), {"format": "pt"})
                for name in opened.keys():
                    dtype, shape = opened.get_slice(name).get_dtype(), opened.get_slice(name).get_shape()
                    if dtype in ("F32", "F64", "F16", "I64", "U8"):  # What numpy has.
                        self.assertEqual(opened.get_tensor(name).tobytes(), payload(dtype, shape))

    def test_data_begins_where_it_is_aligned(self):
        _, files = self.shards()
        for file in files:
            (length,) = struct.unpack("<Q", (self.path / file).read_bytes()[:8])
            self.assertEqual((8 + length) % 256, 0)

    def test_we_read_what_the_package_writes(self):
        written, keep = {}, []
        for name, dtype, word, shape in (("a", "F32", "float32", [2, 3]), ("b", "BF16", "bfloat16", [5]),
                                         ("c", "F16", "float16", [1, 1]), ("d", "F8_E4M3", "float8_e4m3fn", [7]),
                                         ("e", "U8", "uint8", [3]), ("f", "I64", "int64", []),
                                         ("g", "F32", "float32", [0, 2]), ("h", "F8_E8M0", "float8_e8m0fnu", [4]),
                                         ("n\u00e4me", "BOOL", "bool", [3])):
            data = payload(dtype, shape)
            keep.append(ctypes.create_string_buffer(data, max(len(data), 1)))
            written[name] = (dtype, shape, data, peer.TensorSpec(dtype=word, shape=shape, data_len=len(data),
                                                                data_ptr=ctypes.addressof(keep[-1])))
        path = self.path / "theirs.safetensors"
        peer.serialize_file({name: spec for name, (*_, spec) in written.items()}, path, {"format": "np", "x": "\u00fc"})
        done = self.ours("read", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        read = json.loads(done.stdout)
        self.assertEqual(read["metadata"], {"format": "np", "x": "\u00fc"})
        self.assertEqual(read["tensors"], {name: {"dtype": dtype, "shape": shape, "hex": data.hex()}
                                           for name, (dtype, shape, data, _) in written.items()})

    def test_both_refuse_a_file_with_a_byte_too_many(self):
        _, files = self.shards()
        damaged = (self.path / files[0]).read_bytes() + b"\0"
        (self.path / "damaged.safetensors").write_bytes(damaged)
        self.assertEqual(self.ours("read", self.path / "damaged.safetensors").returncode, 4)
        with self.assertRaises(peer.SafetensorError):
            peer.deserialize(damaged)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", required=True)
    parser.add_argument("--venv", required=True, type=Path)
    parser.add_argument(peer_packages.INSTALLED, action="store_true", help="this is the venv's Python")
    arguments = parser.parse_args()
    peer_packages.run_with(arguments.venv, PACKAGES)
    global peer
    import safetensors as peer
    PeerTest.program = arguments.files
    result = unittest.main(argv=[sys.argv[0]], exit=False, verbosity=2).result
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
