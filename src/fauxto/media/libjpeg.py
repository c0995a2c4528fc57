"""A small binding on the libjpeg-turbo that Pillow has loaded: decode one rectangle of a JPEG.

libjpeg reports a fatal error by calling `error_exit`, which must never return; C programs leave it by
`longjmp`, which Python cannot do. So each decode runs in a helper thread of its own. On a fatal error the
callback hands the message to the waiting caller and then stops that thread for good, inside libjpeg, holding
nothing but its stack; the caller frees libjpeg's memory. Fatal errors are next to impossible (`partial`
rehearses every header first; damaged picture data are only warnings), and after `MAX_PARKED` of them this
process decodes whole pictures instead.

The binding is used only where the library has the ABI of libjpeg 6.2 (its own check of version and structure
size says so) and has proved itself once a process against Pillow's pixels.
"""

from __future__ import annotations

import ctypes
import functools
import io
import sys
import threading
from ctypes import POINTER, byref, c_char, c_double, c_int, c_long, c_size_t, c_uint, c_ulong, c_void_p
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

MAX_PARKED = 32
"""After so many fatal errors in one process, `available` is False and whole pictures are decoded."""

_ABI = 62
_JCS_RGB, _JDCT_ISLOW = 2, 0
_MESSAGE_LENGTH = 200
_HARMLESS = "extraneous bytes before marker"


class LibjpegError(Exception):
    """A fatal error or a warning of libjpeg, in its own words; `fatal` tells which."""

    def __init__(self, message: str, *, fatal: bool) -> None:
        super().__init__(message)
        self.fatal = fatal


_ErrorExit = ctypes.CFUNCTYPE(None, c_void_p)
_EmitMessage = ctypes.CFUNCTYPE(None, c_void_p, c_int)


class _ErrorManager(ctypes.Structure):
    """`struct jpeg_error_mgr`."""

    _fields_ = [
        ("error_exit", _ErrorExit),
        ("emit_message", _EmitMessage),
        ("output_message", c_void_p),
        ("format_message", ctypes.CFUNCTYPE(None, c_void_p, c_void_p)),
        ("reset_error_mgr", c_void_p),
        ("msg_code", c_int),
        ("msg_parm", c_char * 80),
        ("trace_level", c_int),
        ("num_warnings", c_long),
        ("tables", c_char * 64),
    ]


class _Decompressor(ctypes.Structure):
    """`struct jpeg_decompress_struct` as far as it is used; the rest is library-private space."""

    _fields_ = [
        ("err", POINTER(_ErrorManager)),
        ("mem_progress_client", c_void_p * 3),
        ("is_decompressor", c_int),
        ("global_state", c_int),
        ("src", c_void_p),
        ("image_width", c_uint),
        ("image_height", c_uint),
        ("num_components", c_int),
        ("jpeg_color_space", c_int),
        ("out_color_space", c_int),
        ("scale", c_uint * 2),
        ("output_gamma", c_double),
        ("buffered_image", c_int),
        ("raw_data_out", c_int),
        ("dct_method", c_int),
        ("do_fancy_upsampling", c_int),
        ("quantization", c_int * 8),
        ("output_width", c_uint),
        ("output_height", c_uint),
        ("out_color_components", c_int),
        ("output_components", c_int),
        ("rec_outbuf_height", c_int),
        ("actual_number_of_colors", c_int),
        ("colormap", c_void_p),
        ("output_scanline", c_uint),
        ("private", c_char * 460),
    ]


class _Call:
    """One decode: what the helper thread needs, and what it gives back."""

    def __init__(self, data: bytes, left: int, top: int, width: int, rows: int) -> None:
        self.data, self.left, self.top, self.width, self.rows = data, left, top, width, rows
        self.cinfo, self.errors = _Decompressor(), _ErrorManager()
        self.pixels: np.ndarray | None = None
        self.warning: str | None = None
        self.fatal: str | None = None
        self.failure: BaseException | None = None
        self.done = threading.Event()

    def message(self) -> str:
        """libjpeg's text for its latest error or warning."""
        text = ctypes.create_string_buffer(_MESSAGE_LENGTH)
        self.errors.format_message(ctypes.addressof(self.cinfo), ctypes.addressof(text))
        return text.value.decode("ascii", "replace")


_here = threading.local()
_never = threading.Lock()
_never.acquire()
_parked = 0


@_ErrorExit
def _on_fatal(_cinfo: int) -> None:
    """`error_exit`: tell the caller, then never return."""
    call = _here.call
    try:
        call.fatal = call.message()
    finally:
        call.fatal = call.fatal or "unknown error"
        done, _here.call, call = call.done, None, None
        done.set()
        while True:
            _never.acquire()


@_EmitMessage
def _on_message(_cinfo: int, level: int) -> None:
    """`emit_message`: keep the first warning (level -1) that means damage; all else is chatter."""
    call = _here.call
    if level < 0 and call.warning is None and _HARMLESS not in (message := call.message()):
        call.warning = message


def available() -> bool:
    """Whether rectangles can be decoded here: a fitting library, proved once, and few fatal errors so far."""
    return _parked < MAX_PARKED and _proved()


def read_rectangle(data: bytes, left: int, top: int, width: int, rows: int) -> np.ndarray:
    """RGB pixels `(rows, width, 3)` of a JPEG, read with the accurate DCT and fancy up-sampling.

    `left` and `width` must be whole iMCUs (or reach the right edge), `top` a whole iMCU row. The outermost
    iMCUs of an inner edge may differ from a full decode, because up-sampling has no neighbour there: ask for
    a margin. Raises `LibjpegError` for a fatal error, and for a warning of damaged data up to the last row.
    """
    global _parked  # noqa: PLW0603
    call = _Call(data, left, top, width, rows)
    threading.Thread(target=_run, args=(call,), name="fauxto-libjpeg", daemon=True).start()
    call.done.wait()
    if call.fatal is not None:
        _parked += 1
        _library().jpeg_destroy_decompress(byref(call.cinfo))
        call.data, call.pixels = b"", None
        raise LibjpegError(call.fatal, fatal=True)
    if call.failure is not None:
        raise call.failure
    if call.warning is not None:
        raise LibjpegError(call.warning, fatal=False)
    assert call.pixels is not None
    return call.pixels


def _run(call: _Call) -> None:
    """The helper thread; it ends here, or in `_on_fatal`."""
    _here.call = call
    try:
        _decode(call)
    except BaseException as error:  # handed to the caller, who raises it
        call.failure = error
    finally:
        _here.call = None
        call.done.set()


def _decode(call: _Call) -> None:
    lib, cinfo = _library(), byref(call.cinfo)
    call.cinfo.err = lib.jpeg_std_error(byref(call.errors))
    call.errors.error_exit, call.errors.emit_message = _on_fatal, _on_message
    lib.jpeg_CreateDecompress(cinfo, _ABI, ctypes.sizeof(_Decompressor))
    try:
        lib.jpeg_mem_src(cinfo, call.data, len(call.data))
        lib.jpeg_read_header(cinfo, 1)
        call.cinfo.out_color_space, call.cinfo.dct_method = _JCS_RGB, _JDCT_ISLOW
        call.cinfo.do_fancy_upsampling = 1
        lib.jpeg_start_decompress(cinfo)
        if call.width < call.cinfo.output_width:
            left, width = c_uint(call.left), c_uint(call.width)
            lib.jpeg_crop_scanline(cinfo, byref(left), byref(width))
            if (left.value, width.value) != (call.left, call.width):
                raise LibjpegError(f"crop became {left.value}+{width.value}", fatal=False)
        if call.top and lib.jpeg_skip_scanlines(cinfo, call.top) != call.top:
            raise LibjpegError(f"cannot skip to row {call.top}", fatal=False)
        call.pixels = np.empty((call.rows, call.width, 3), np.uint8)
        first, stride = call.pixels.ctypes.data, call.width * 3
        rows = (c_void_p * call.rows)(*range(first, first + call.rows * stride, stride))
        done = 0
        while done < call.rows and call.warning is None:
            done += lib.jpeg_read_scanlines(cinfo, byref(rows, done * 8), call.rows - done)
    finally:
        lib.jpeg_destroy_decompress(cinfo)


@functools.cache
def _library() -> ctypes.CDLL:
    """The libjpeg of Pillow's wheel, else the system's of the same ABI; raises OSError where there is
    none."""
    if ctypes.sizeof(c_void_p) != 8 or ctypes.sizeof(c_long) != 8 or sys.byteorder != "little":
        raise OSError("the binding knows the structures of 64-bit little-endian Unix only")
    package = Path(PIL.__file__).parent
    bundled = [
        *package.parent.glob("pillow.libs/libjpeg-*.so.62*"),
        *package.glob(".dylibs/libjpeg.62*.dylib"),
    ]
    lib = ctypes.CDLL(str(bundled[0]) if bundled else "libjpeg.so.62")
    signatures = {
        "jpeg_std_error": ([c_void_p], POINTER(_ErrorManager)),
        "jpeg_CreateDecompress": ([c_void_p, c_int, c_size_t], None),
        "jpeg_mem_src": ([c_void_p, ctypes.c_char_p, c_ulong], None),
        "jpeg_read_header": ([c_void_p, c_int], c_int),
        "jpeg_start_decompress": ([c_void_p], c_int),
        "jpeg_crop_scanline": ([c_void_p, c_void_p, c_void_p], None),
        "jpeg_skip_scanlines": ([c_void_p, c_uint], c_uint),
        "jpeg_read_scanlines": ([c_void_p, c_void_p, c_uint], c_uint),
        "jpeg_destroy_decompress": ([c_void_p], None),
    }
    for name, (arguments, result) in signatures.items():
        try:
            function = getattr(lib, name)
        except AttributeError as error:
            raise OSError(f"libjpeg has no {name}") from error
        function.argtypes, function.restype = arguments, result
    return lib


@functools.cache
def _proved() -> bool:
    """Decode rectangles of two small pictures and compare them with Pillow's pixels, once a process."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((192, 160), Image.Resampling.BICUBIC)
    for subsampling, progressive in (("4:2:0", False), ("4:4:4", True)):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=85, subsampling=subsampling, progressive=progressive)
        try:
            got = read_rectangle(file.getvalue(), 32, 32, 128, 80)
        except (OSError, LibjpegError):
            return False
        expected = np.asarray(Image.open(file).convert("RGB"))[48:112, 48:144]
        if not np.array_equal(got[16:, 16:-16], expected):
            return False
    return True
