import { harnessModel } from "../harness_model.ts";

// The model that make_choices_goldens.py asks: deno run -A write_model.ts FOLDER
await harnessModel(Deno.args[0]!);
