// The footer: whose work runs on this page, and under which terms.
const TEXT = `
  <h2>Licences</h2>
  <p>
    The page, the cartridge and its model are part of snes-gpt, under the MIT licence. The console beside them is
    <a href="https://www.snes9x.com">Snes9x</a>, free for <strong>non-commercial</strong> use only
    (<a href="core/snes9x-license.txt">its licence</a>), inside
    <a href="https://www.retroarch.com">RetroArch</a>, GPL version 3 or later, in the build of
    <a href="https://github.com/EmulatorJS/build">EmulatorJS</a>; figures are drawn with
    <a href="https://d3js.org">D3</a>, ISC. Super Nintendo is a trademark of Nintendo, which has nothing to do with
    this page.
  </p>`;

/** @param {HTMLElement} element */
export function mountLicences(element) {
  element.innerHTML = TEXT;
}
