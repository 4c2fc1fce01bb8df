/**
 * All files of a page, ready to be sent: the page's own ones, and those that every page has.
 *
 * In: the files, as bytes. Out: assets; the page itself is the first. Every page has the program's icon, the
 * notices of its packages, and base.css before its own style. Called when a thread starts.
 */

import { concatBytes } from "../../../protocol/basics.ts";
import baseStyle from "./base.css" with { type: "bytes" };
import favicon from "./favicon.svg" with { type: "bytes" };
import { type Asset, AssetCollection, type AssetFile, licenseText } from "./asset_collection.ts";

/** The files of one page. */
export interface PageFiles {
  /** The HTML. */
  readonly page: Uint8Array;
  /** Fields of the page itself: see `pageFields`. */
  readonly fields: Asset["fields"];
  /** The style sheet. */
  readonly style: AssetFile;
  /** Modules, each after those that it refers to. */
  readonly scripts: readonly AssetFile[];
  /** Files of npm packages, with the version in the name. */
  readonly packaged: readonly AssetFile[];
  /** The notices of these packages. */
  readonly licenses: readonly AssetFile[];
}

/**
 * The assets of one page.
 *
 * @param home the page's own path, which ends in a slash
 */
export function assetsOfPage(home: string, files: PageFiles): readonly Asset[] {
  const { page, fields, style: [styleName, style], scripts, packaged, licenses } = files;
  const collection = new AssetCollection(home, fields);
  collection.packaged(...packaged);
  collection.own(
    ["favicon.svg", favicon],
    [styleName, concatBytes([baseStyle, style])],
    ...scripts,
  );
  collection.revalidated("licenses.txt", licenseText(licenses));
  collection.page(page);
  return collection.assets;
}
