import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { Control } from "../../../generation/control.ts";
import { useMessages } from "../parts/preferences.ts";
import { type Store, useStore } from "../parts/store.ts";
import type { ServerState } from "../wire.ts";
import { clamp, initialSettings, type Mode, type NoEffect, type Settings, withoutEffect } from "./settings.ts";

/** All controls of a mode, each with what it does, or why it does nothing. */
export function Controls({ store, mode, server }: {
  readonly store: Store<Settings>;
  readonly mode: Mode;
  readonly server: ServerState;
}): JSX.Element {
  const messages = useMessages();
  const text = messages.settings;
  const settings = useStore(store);
  const idle = withoutEffect(settings, mode);
  const set = (name: Control["name"], value: number) =>
    store.patch({ numbers: { ...store.value.numbers, [name]: value } });
  const reset = () => store.set(initialSettings(server.controls, mode, settings.template, server.doSample));
  return (
    <div class="controls">
      <TemplateControl store={store} templates={server.templates} />
      {mode === "chat" && <TextControl store={store} name="system" />}
      <Switch
        label={text.doSample}
        hint={text.doSampleHint}
        on={settings.doSample}
        change={(doSample) => store.patch({ doSample })}
      />
      {server.controls.map((control) => (
        <NumberControl
          key={control.name}
          control={control}
          initial={control[mode]}
          value={settings.numbers[control.name]}
          idle={idle.get(control.name)}
          change={(value) => set(control.name, value)}
        />
      ))}
      <Switch
        label={text.showBeams}
        hint={idle.has("showBeams") ? text.noEffect["one-beam"] : undefined}
        on={settings.showBeams}
        change={(showBeams) => store.patch({ showBeams })}
      />
      <TextControl store={store} name="stop" />
      <button type="button" class="quiet" onClick={reset}>{text.reset}</button>
    </div>
  );
}

function NumberControl({ control, initial, value, idle, change }: {
  readonly control: Control;
  readonly initial: number;
  readonly value: number;
  readonly idle: NoEffect | undefined;
  readonly change: (value: number) => void;
}): JSX.Element {
  const { controls, hints, noEffect, range, slider } = useMessages().settings;
  const id = useId();
  const { name, min, max, step } = control;
  const take = (input: HTMLInputElement) => {
    const wanted = input.value === "" ? NaN : Number(input.value);
    const next = Number.isFinite(wanted) ? clamp(wanted, control) : value;
    input.value = String(next);
    change(next);
  };
  const limits = { min, max, step, value, "aria-describedby": `${id}-hint`, title: range(min, max, initial) };
  return (
    <div class={`control${idle === undefined ? "" : " idle"}`} data-control={name}>
      <label for={id}>{controls[name]}</label>
      <input
        type="number"
        id={id}
        {...limits}
        inputMode={Number.isInteger(step) ? "numeric" : "decimal"}
        onChange={(event) => take(event.currentTarget)}
      />
      {name !== "seed" && (
        <input
          type="range"
          {...limits}
          aria-label={slider(controls[name])}
          onInput={(event) => change(clamp(Number(event.currentTarget.value), control))}
        />
      )}
      <p class="hint" id={`${id}-hint`}>{idle === undefined ? hints[name] : noEffect[idle]}</p>
    </div>
  );
}

function TemplateControl({ store, templates }: {
  readonly store: Store<Settings>;
  readonly templates: ServerState["templates"];
}): JSX.Element {
  const text = useMessages().settings;
  const id = useId();
  const { template } = useStore(store);
  return (
    <div class="control wide">
      <label for={id}>{text.template}</label>
      <select id={id} value={template} onChange={(event) => store.patch({ template: event.currentTarget.value })}>
        {templates.map((name) => <option key={name} value={name}>{text.templates[name] ?? name}</option>)}
      </select>
    </div>
  );
}

function TextControl({ store, name }: {
  readonly store: Store<Settings>;
  readonly name: "stop" | "system";
}): JSX.Element {
  const { texts, textHints } = useMessages().settings;
  const id = useId();
  return (
    <div class="control wide">
      <label for={id}>{texts[name]}</label>
      <textarea
        id={id}
        rows={1}
        value={useStore(store)[name]}
        aria-describedby={`${id}-hint`}
        onInput={(event) => store.patch({ [name]: event.currentTarget.value })}
      />
      <p class="hint" id={`${id}-hint`}>{textHints[name]}</p>
    </div>
  );
}

function Switch({ label, hint, on, change }: {
  readonly label: string;
  readonly hint: string | undefined;
  readonly on: boolean;
  readonly change: (on: boolean) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="control switch">
      <input
        type="checkbox"
        role="switch"
        id={id}
        checked={on}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => change(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
