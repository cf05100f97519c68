import type { Backend } from "../../kernels/machine/backend.ts";
import type { Language } from "../cli/language.ts";
import { type DoctorMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, DoctorMessages>> = { en: EN, zh: ZH };

/** What `doctor` says in a language, and `train` of a slow device. */
export function doctorMessagesIn(language: Language): DoctorMessages {
  return CATALOGUES[language];
}

const backends: Readonly<Record<Backend, string>> = { vulkan: "Vulkan", metal: "Metal", dx12: "DX12", gl: "OpenGL" };

/** A backend by the name that people know. */
export function backendName(backend: Backend): string {
  return backends[backend];
}
