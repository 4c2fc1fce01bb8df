/**
 * What is sent for what was typed.
 *
 * The server echoes bytes as they are and has no line discipline, so the page is it: it sends what
 * a Unix terminal would echo (termios ECHOE, ECHOCTL and ONLCR), and what comes back is written to
 * the screen untouched. In: the data of xterm's onData, a key or a paste. Out: the text to send.
 * Nothing typed or pasted can steer the screen: Escape arrives as "^[", and shows that it did.
 */

/** One column to the left, blank it, and back again: a bare BS would only move the cursor. */
const ERASE = "\b \b";
const ESCAPE = "\x1b";
const DELETE = "\x7f"; // what the Backspace key gives; "\b" comes of Ctrl+Backspace

/**
 * @param {string} data
 * @returns {string}
 */
export function echoOf(data) {
  // Alt+Backspace comes as one piece: an "^[" and the erasing of half of it would be of no use.
  if (data === ESCAPE + DELETE || data === ESCAPE + "\b") return ERASE;
  let text = "";
  for (const character of data) text += echoOfCharacter(character);
  return text;
}

/** @param {string} character */
function echoOfCharacter(character) {
  if (character === "\t") return character;
  // Enter gives a CR alone, which would go to the start of the same line and overwrite it.
  if (character === "\r" || character === "\n") return "\r\n";
  if (character === DELETE || character === "\b") return ERASE;
  const code = character.charCodeAt(0);
  if (code < 0x20) return "^" + String.fromCharCode(code + 0x40);
  // C1: xterm.js obeys them as well; U+009B is the same as ESC [.
  if (code > 0x7f && code < 0xa0) return "\ufffd";
  return character;
}
