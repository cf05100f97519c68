/** Language of a text as far as its script tells. */
export type TextLanguage = "zh" | "en" | "other";

/** All languages that can be told apart. */
export const TEXT_LANGUAGES: readonly TextLanguage[] = ["zh", "en", "other"];

/** A Chinese character says about as much as so many Latin letters. */
const LETTERS_A_CHARACTER = 4;
/** More kana than one in twenty among Chinese characters makes a text Japanese. */
const KANA_SHARE = 1 / 20;
/** English has hardly a letter with an accent; German, French and Spanish have one in fifty or more. */
const ACCENT_SHARE = 1 / 100;

/**
 * Tells Chinese, English and anything else by the script of the letters. Chinese with Latin words or code in it is
 * Chinese; Japanese is known by its kana, European languages by their accents, so a short text without any counts as
 * English. A text without letters (sums, code) is "en".
 */
export function languageOf(text: string): TextLanguage {
  let han = 0, kana = 0, ascii = 0, accented = 0, others = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      if ((unit | 0x20) - 0x61 >>> 0 < 26) ascii++;
    } else if (unit < 0x250) {
      if (unit >= 0xc0 && unit !== 0xd7 && unit !== 0xf7) accented++;
    } else if (
      (unit >= 0x4e00 && unit < 0xa000) || (unit >= 0x3400 && unit < 0x4dc0) || (unit >= 0xf900 && unit < 0xfb00)
    ) {
      han++;
    } else if (unit >= 0x3041 && unit < 0x3100) {
      kana++;
    } else if (isOtherLetter(unit)) {
      others++;
    }
  }
  if (kana > (han + kana) * KANA_SHARE) return "other";
  const latin = ascii + accented;
  if (others > han + latin) return "other";
  if (han > 0 && han * LETTERS_A_CHARACTER >= latin) return "zh";
  return accented > latin * ACCENT_SHARE ? "other" : "en";
}

/** Letters of other scripts: Greek to Tibetan and beyond, Hangul. */
function isOtherLetter(unit: number): boolean {
  return (unit >= 0x370 && unit < 0x2000) || (unit >= 0x2c00 && unit < 0x2e00) || (unit >= 0xa000 && unit < 0xd800);
}
