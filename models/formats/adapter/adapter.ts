export type { AdapterConfig } from "./adapter_config.ts";
export { readAdapter } from "./adapter_reader.ts";
export type { Adapter, AdapterTensor } from "./adapter_tensors.ts";
export { ADAPTER_FORMS, type AdapterForm, writeAdapter } from "./adapter_writer.ts";
export { LORA_TARGETS, type LoraTarget } from "./lora_names.ts";
