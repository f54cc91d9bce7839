"""The encoder under the name by which programs outside the package know it.

It stands in `text.tokenizer`; nothing in the package imports it from here.
"""

from rankscope.text.tokenizer import load_encoder as load_encoder
