import { assertEquals } from "@std/assert";
import { isModelFile, weightForm } from "../../../models/formats/weight_forms.ts";

Deno.test("weightForm() prefers safetensors, and finds a form by its single file or its index only", () => {
  assertEquals(weightForm(["pytorch_model.bin", "model.safetensors"]), "safetensors");
  assertEquals(weightForm(["pytorch_model.bin.index.json", "model-00001-of-00002.safetensors"]), "torch");
  assertEquals(weightForm(["model-00001-of-00002.safetensors", "optimizer.bin"]), undefined);
});

Deno.test("isModelFile() counts the files of one form, so that a second copy of the weights is not hashed", () => {
  const names = [
    "README.md",
    "config.json",
    "tokenizer.model",
    "model-00001-of-00001.safetensors",
    "model.safetensors.index.json",
    "pytorch_model-00001-of-00001.bin",
    "pytorch_model.bin.index.json",
    "training_args.bin",
  ];
  const counted = (names: string[]) => names.filter((name) => isModelFile(name, names));
  assertEquals(counted(names), names.slice(1, 5));
  assertEquals(counted(names.filter((name) => !name.endsWith("safetensors.index.json"))), [
    "config.json",
    "tokenizer.model",
    "pytorch_model-00001-of-00001.bin",
    "pytorch_model.bin.index.json",
  ]);
  assertEquals(counted(["config.json", "README.md"]), ["config.json"]);
});
