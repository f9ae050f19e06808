"""The notes on a model that travel with it: how its text was read, how it was trained, how good it is."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Word = Annotated[str, Meta(max_length=255)]
"""A name: of a file, of a preset."""

Written = Annotated[str, Meta(max_length=1 << 13)]
Matrix = Annotated[str, Meta(max_length=40)]
Measurement = tuple[Count, Amount, Amount, Annotated[list[Written], Meta(max_length=64)]]
"""Step, training loss, validation loss, and what the model wrote then."""


class BasicNotes(TypedDict, total=False):
    """What a model says about its text and about how it is sampled: to other programs too.

    temperature: the cartridge's first; top_p: the share of all chances that the tokens drawn from have together
    (0 = draw from all); active_hidden: share of hidden units above zero; documents, fold_case: as in
    trainer.text.splitting. origin: where the weights are from, and their licence. grid: the weights are made of
    digits, the smallest 2^-grid; digits: how many each may have, on average.
    """

    origin: Word
    digits: Amount
    grid: Count
    temperature: Annotated[float, Meta(ge=0, le=2)]
    top_p: Share
    active_hidden: Share
    documents: Literal["lines", "paragraphs", "stream"]
    fold_case: bool


class Notes(BasicNotes, total=False):
    """All that weights and an integer model may say about themselves: snesgpt.commands.train writes it.

    text_digest, weights_digest: fingerprints, of the text and of the weights that a model was made of. nll_…:
    held-out loss in nats per token or per character. Nothing else is kept of a file's notes.
    """

    preset: Word
    data: Word
    text_digest: Word
    weights_digest: Word
    steps: Count
    seed: Count
    batch_size: Count
    n_documents: Count
    n_held_out: Count
    learning_rate: Amount
    weight_decay: Amount
    dropout: Amount
    validation: Amount
    held_out: Share
    hidden_price: Amount
    vector_prior: Amount
    logit_prior: Amount
    grids: Annotated[dict[Matrix, Count], Meta(max_length=100)]
    adds_per_weight: Annotated[dict[Matrix, Amount], Meta(max_length=100)]
    nll_float: Amount
    nll_integer: Amount
    nll_float_per_character: Amount
    measurements: Annotated[list[Measurement], Meta(max_length=1000)]
