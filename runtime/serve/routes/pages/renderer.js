/**
 * Who draws the terminal: WebGL where it works, otherwise xterm.js's own DOM renderer.
 *
 * In: an opened terminal and the element it stands in. Out: `data-renderer` on that element, "webgl"
 * or "dom". Falling back is final for the page's life and loses nothing that is on the screen; the
 * cells may be of another size then, so the caller is told.
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
    // No WebGL 2 here, or the add-on did not load: that is what the DOM renderer is for.
    console.info("Drawing without WebGL:", error instanceof Error ? error.message : error);
  }
}

/**
 * Where a browser pretends another device (the developer tools do), ResizeObserver goes on telling
 * the pixels of the real screen. The add-on sizes its canvas by these and draws by
 * devicePixelRatio, so that nothing would be seen.
 *
 * @param {HTMLElement} element
 * @param {() => void} act
 */
function onWrongPixels(element, act) {
  // Without this property (Safari) the add-on goes by devicePixelRatio alone.
  if (!("devicePixelContentBoxSize" in ResizeObserverEntry.prototype)) return;
  const observer = new ResizeObserver(([entry]) => {
    const ratio = entry.devicePixelContentBoxSize[0].inlineSize / entry.contentRect.width;
    if (Math.abs(ratio - devicePixelRatio) < 0.05) return;
    observer.disconnect();
    act();
  });
  observer.observe(element, { box: "device-pixel-content-box" });
}
