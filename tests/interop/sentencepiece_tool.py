"""The ids that SentencePiece gives for texts: reads {"model", "texts"} from the standard input, prints lists of ids."""

import json
import sys

import sentencepiece

request = json.load(sys.stdin)
model = sentencepiece.SentencePieceProcessor(model_file=request["model"])
print(json.dumps(model.encode(request["texts"])))
