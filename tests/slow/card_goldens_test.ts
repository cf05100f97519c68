// The goldens of training, generation and scoring by the kernels that graphics cards get, on the machine's own device.
Deno.env.set("VICUNA_TEST_DEVICE", "card");
await import("../models/golden_test.ts");
await import("../models/golden_full_test.ts");
await import("../models/generation/golden_test.ts");
