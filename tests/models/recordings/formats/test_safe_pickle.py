import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from models.recordings.formats.safe_pickle import UnsafePickleError, read_arrays


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numeric_arrays_of_every_protocol_come_back(tmp_path: Path, protocol: int) -> None:
    held = {
        "Audio": np.arange(5, dtype=np.int16),
        "IMU": np.eye(9),
        "f": np.asfortranarray(np.eye(3)),
    }
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    found = read_arrays(path)
    assert found.keys() == held.keys()
    for name, array in held.items():
        np.testing.assert_array_equal(found[name], array)


def test_arrays_of_older_numpy_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    new = pickle.dumps({"a": np.arange(3)}, protocol=2)
    path.write_bytes(new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    np.testing.assert_array_equal(read_arrays(path)["a"], np.arange(3))


class _Runs:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def test_code_in_a_pickle_is_named_and_never_run(tmp_path: Path) -> None:
    path, marker = tmp_path / "x.pkl", tmp_path / "ran"
    path.write_bytes(pickle.dumps({"Audio": _Runs(marker)}))
    with pytest.raises(UnsafePickleError, match=r"asks for pathlib.*only .* numeric arrays"):
        read_arrays(path)
    assert not marker.exists()


@pytest.mark.parametrize("call", [b"cos\nsystem\n", b"cbuiltins\neval\n", b"cbuiltins\ngetattr\n"])
def test_a_callable_is_refused_before_its_arguments_are_read(tmp_path: Path, call: bytes) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(call + b"(Vfalse\ntR.")
    with pytest.raises(UnsafePickleError, match="asks for"):
        read_arrays(path)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ([1, 2], "holds a list; expected a dictionary"),
        ({"a": 1}, "holds 'a' of type int"),
        ({1: np.ones(2)}, "holds 1 of type"),
        ({"a": np.array(["x"])}, "values of type <U1"),
        ({"a": np.array([{}], object)}, "values of type object"),
    ],
)
def test_anything_but_arrays_by_name_is_refused(tmp_path: Path, held: object, message: str) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(held))
    with pytest.raises(UnsafePickleError, match=message):
        read_arrays(path)


def test_no_flag_of_a_file_makes_a_pointer_of_a_number(tmp_path: Path) -> None:
    data = pickle.dumps({"a": np.arange(3, dtype=np.int16)}, 4)
    # The last number of a type's state are NumPy's flags: 1 says that each value is an object.
    flagged = data.replace(
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00", b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x8f"
    )
    assert flagged != data
    path = tmp_path / "x.pkl"
    path.write_bytes(flagged)
    array = read_arrays(path)["a"]
    assert array.dtype.flags == np.dtype(np.int16).flags
    np.testing.assert_array_equal(array, np.arange(3))


@pytest.mark.parametrize(
    ("part", "instead", "message"),
    [
        (b"K\x03\x85", b"K\x04\x85", "has 6 bytes of values; expected 8"),
        (b"\x8c\x01<", b"\x8c\x01x", "has byte order 'x'"),
        (b"\x8c\x02i2", b"\x8c\x02O8", "holds values of type object"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(
    tmp_path: Path, part: bytes, instead: bytes, message: str
) -> None:
    data = pickle.dumps({"a": np.arange(3, dtype=np.int16)}, 4)
    assert part in data
    path = tmp_path / "x.pkl"
    path.write_bytes(data.replace(part, instead))
    with pytest.raises(UnsafePickleError, match=message):
        read_arrays(path)


def test_bytes_of_another_order_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({"a": np.arange(3, dtype=">i4")}, 2))
    np.testing.assert_array_equal(read_arrays(path)["a"], np.arange(3))


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"not a pickle", b"\x80\x09."])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("x.pkl", "x.npz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnsafePickleError, match="is no readable"):
            read_arrays(tmp_path / name)


def test_npz_does_as_well(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", IMU=np.eye(3))
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.npz")["IMU"], np.eye(3))


@pytest.mark.parametrize(
    "data",
    [
        # A part of 3 GB in a file of 20 bytes, and an array that begins with 24 GB.
        b"\x80\x03B\xff\xff\xff\xbfabc.",
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\xbf\x85C\x01b\x87R.",
        pickle.dumps({"a": np.arange(3.0)}, 2).replace(b"K\x00\x85", b"J\x00\x00\x00\x40\x85", 1),
        # A frame of 1.4 GB, and a value remembered as the 200,000,000th.
        b"\x80\x04\x95\xab\x01\x94\x52\x00\x00\x00\x00}\x94.",
        b"\x80\x02}r\x00\xc2\xeb\x0b.",
    ],
)
def test_room_is_made_for_what_a_file_has_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "claims.pkl"
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(UnsafePickleError):
        read_arrays(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000
