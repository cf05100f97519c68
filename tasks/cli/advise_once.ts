import type { DeviceInfo } from "../../kernels/gpu/device.ts";
import { graveAdvice } from "../doctor/advice.ts";
import { driverCommand } from "../doctor/driver_command.ts";
import { deviceFacts } from "../doctor/facts.ts";
import { doctorMessagesIn } from "../doctor/messages.ts";
import type { Language } from "./language.ts";
import type { Renderer } from "./render/renderer.ts";

/** A renderer that warns, once, when a stage has opened a device that is much slower than it could be. */
export function adviseOnce(renderer: Renderer, language: Language): Renderer {
  let advised = false;
  return {
    show(event) {
      renderer.show(event);
      // Stages of the user's may name devices that nothing is known of.
      if (event.type !== "stage-device" || advised || event.facts["backend"] === undefined) return;
      advised = true;
      for (const advice of graveAdvice(deviceFacts(event.facts as unknown as DeviceInfo))) {
        const message = doctorMessagesIn(language).advice(advice, driverCommand());
        renderer.show({ type: "stage-log", stage: event.stage, level: "warn", message });
      }
    },
    close: () => renderer.close(),
  };
}
