"""A BART model of one layer with random weights and a vocabulary of the example's first texts, saved in `model/`.

Run in the example's folder, with the Python of the example's environment: the published one comes from a model hub.
"""

import csv
import tempfile
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import BartConfig, BartForConditionalGeneration, BartTokenizerFast

csv.field_size_limit(10**9)
with Path("data/billsum-0.csv").open(encoding="utf-8") as file:
    texts = [row["text"] for row in csv.DictReader(file)][:50]
learnt = ByteLevelBPETokenizer()
learnt.train_from_iterator(texts, vocab_size=2000, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
Path("model").mkdir()
with tempfile.TemporaryDirectory() as folder:
    learnt.save_model(folder)
    BartTokenizerFast(f"{folder}/vocab.json", f"{folder}/merges.txt").save_pretrained("model")
torch.manual_seed(0)
layers = dict(encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2)
shape = BartConfig(vocab_size=2000, d_model=32, encoder_ffn_dim=64, decoder_ffn_dim=64, **layers)
BartForConditionalGeneration(shape).save_pretrained("model")
