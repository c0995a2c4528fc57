"""What fauxto makes is labelled: a PNG that says in XMP and in text that a trained network made or altered it."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
Made = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'Iptc4xmpExt:DigitalSourceType="{source_type}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def labelled_png(pixels: np.ndarray, software: str, made: Made = "trainedAlgorithmicMedia") -> bytes:
    """uint8 `(h, w, 3)` as a PNG with the IPTC digital source type in XMP and `software` in a text chunk.

    The mark can be removed by anyone; it is there so that an honest reader is told. IPTC NewsCodes, digitalsourcetype.
    """
    text = PngInfo()
    text.add_text("Software", software)
    text.add_itxt("XML:com.adobe.xmp", _XMP.format(source_type=SOURCE_TYPE + made))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=text)
    return file.getvalue()
