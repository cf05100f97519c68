import type { JSX } from "preact";
import { useId } from "preact/hooks";

/** A choice among a few names. */
export function Picker<T extends string>({ label, value, options, choose }: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly choose: (value: T) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="picker">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const found = options.find((option) => option.value === event.currentTarget.value);
          if (found) choose(found.value);
        }}
      >
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
    </div>
  );
}
