/** Text from outside, made safe to look at. */

// Control, bidirectional and invisible characters can make a name look like another one.
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const NAMED: Record<string, string> = { "\n": "‹\\n›", "\r": "‹\\r›", "\t": "‹\\t›" };

/** The text with its invisible characters shown as what they are. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return NAMED[character] ?? `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

/** The same for a text of several lines, where line ends and tabs do show. */
export function visibleLines(text: string): string {
  return text.replace(/[^\n\t]+/g, visible);
}
