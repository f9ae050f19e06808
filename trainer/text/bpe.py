"""Byte-pair tokens of a text, learned with Hugging Face's tokenizers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from trainer.errors import InputError
from trainer.extras import Extra, needed
from trainer.text.tokenizer import MAX_TOKEN, WORD, Tokenizer


def learn_pairs(
    documents: Iterable[str], characters: str, size: int, running: bool = False, *, shown: bool = False
) -> Tokenizer:
    """A tokenizer of at most `size` symbols, BOS among them: the characters, then the pairs worth a token.

    The pair most frequent in the documents is merged first; one that occurs once is not worth it. The same
    documents give the same tokens. shown: with bars on stderr. Raises InputError when `size` leaves no room
    for a pair.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with needed(Extra.TOKENS, "--tokens"):
        from tokenizers import Regex, models, pre_tokenizers, trainers
        from tokenizers import Tokenizer as Learner

    if size < len(characters) + 2:
        raise InputError(
            f"the text has {len(characters)} characters: --tokens must be at least {len(characters) + 2}, "
            "for these, one pair and the end of a document"
        )
    learner = Learner(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,
        min_frequency=2,
        max_token_length=MAX_TOKEN,
        initial_alphabet=list(characters),
        show_progress=shown,
    )
    learner.train_from_iterator(documents, trainer)
    learned = json.loads(learner.to_str())["model"]
    symbols = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    return Tokenizer(tuple(symbols), tuple((left, right) for left, right in learned["merges"]), running)
