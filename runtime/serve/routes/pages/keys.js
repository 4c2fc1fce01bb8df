/**
 * Converts typed input to the text that is sent.
 *
 * The server echoes bytes unchanged and has no line discipline, so the page implements one: it sends what
 * a Unix terminal would echo (termios ECHOE, ECHOCTL and ONLCR), and writes the echo to the screen
 * unchanged. In: the data of xterm's onData, a key or a paste. Out: the text to send. Nothing typed or
 * pasted can control the screen: Escape is sent as the visible "^[".
 */

/** One column to the left, blank it, and back again: a bare BS would only move the cursor. */
const ERASE = "\b \b";
const ESCAPE = "\x1b";
const DELETE = "\x7f"; // the Backspace key; Ctrl+Backspace gives "\b"

/**
 * @param {string} data
 * @returns {string}
 */
export function echoOf(data) {
  // Alt+Backspace arrives as one piece: "^[" followed by an ERASE would leave a "^" behind.
  if (data === ESCAPE + DELETE || data === ESCAPE + "\b") return ERASE;
  let text = "";
  for (const character of data) text += echoOfCharacter(character);
  return text;
}

/** @param {string} character */
function echoOfCharacter(character) {
  if (character === "\t") return character;
  // Enter gives only a CR, which would return to the start of the same line and overwrite it.
  if (character === "\r" || character === "\n") return "\r\n";
  if (character === DELETE || character === "\b") return ERASE;
  const code = character.charCodeAt(0);
  if (code < 0x20) return "^" + String.fromCharCode(code + 0x40);
  // C1 controls: xterm.js interprets them as well; U+009B is the same as ESC [.
  if (code > 0x7f && code < 0xa0) return "\ufffd";
  return character;
}
