// A pipeline for the strict mode: a model and rows of the hub.
import { merge, modelNamed, pipeline, quantize, rows, z } from "../../../../../mod.ts";

export default pipeline({
  name: "from_hub",
  options: z.object({ model: z.string(), data: z.string() }),
  build: ({ model, data }) => ({
    base: quantize({ model: modelNamed(model) }),
    data: merge({ sources: [rows(data)], validation: 1 }),
  }),
});
