/**
 * Selects the renderer of the terminal: WebGL if it works, otherwise xterm.js's own DOM renderer.
 *
 * In: an opened terminal and its element. Out: `data-renderer` on that element, "webgl" or "dom". A fallback
 * is final for the life of the page and keeps the content of the screen; the cells may have another size
 * then, so the caller is told.
 */

/**
 * @param {{ loadAddon(addon: object): void }} terminal an opened Terminal of xterm.js
 * @param {{ screen: HTMLElement, onFallBack: () => void }} options
 */
export function drawByWebgl(terminal, { screen, onFallBack }) {
  screen.dataset.renderer = "dom";
  try {
    const webgl = new globalThis.WebglAddon.WebglAddon();
    terminal.loadAddon(webgl);
    screen.dataset.renderer = "webgl";
    const fallBack = () => {
      if (screen.dataset.renderer === "dom") return;
      screen.dataset.renderer = "dom";
      webgl.dispose();
      onFallBack();
    };
    webgl.onContextLoss(fallBack);
    onWrongPixels(screen, fallBack);
  } catch (error) {
    // The browser has no WebGL 2, or the add-on did not load: the DOM renderer stays in use.
    console.info("Drawing without WebGL:", error instanceof Error ? error.message : error);
  }
}

/**
 * When a browser emulates another device (as the developer tools do), ResizeObserver still reports the pixels
 * of the real screen. The add-on sizes its canvas by these and draws by devicePixelRatio, so that nothing
 * would be visible.
 *
 * @param {HTMLElement} element
 * @param {() => void} act
 */
function onWrongPixels(element, act) {
  // Without this property (Safari) the add-on uses only devicePixelRatio.
  if (!("devicePixelContentBoxSize" in ResizeObserverEntry.prototype)) return;
  const observer = new ResizeObserver(([entry]) => {
    const ratio = entry.devicePixelContentBoxSize[0].inlineSize / entry.contentRect.width;
    if (Math.abs(ratio - devicePixelRatio) < 0.05) return;
    observer.disconnect();
    act();
  });
  observer.observe(element, { box: "device-pixel-content-box" });
}
