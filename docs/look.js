// Run by look.py inside a page: returns what is wrong with it, in words.
() => {
  const wrong = [];
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > screen + 1)
    wrong.push(`wider than the screen: ${document.documentElement.scrollWidth} > ${screen}`);
  for (const error of document.querySelectorAll('.katex-error, merror'))
    wrong.push(`formula: ${error.textContent.slice(0, 80)}`);
  for (const image of document.images)
    if (!image.complete || !image.naturalWidth) wrong.push(`picture: ${image.src}`);

  for (const box of document.querySelectorAll('.minialex-slider')) {
    const input = box.querySelector('input');
    const shown = () => [...box.children].findIndex(e => e.dataset.value !== undefined && !e.hidden);
    const before = shown(), value = input.value;
    input.value = value === input.max ? input.min : input.max;
    input.dispatchEvent(new Event('input'));
    if (shown() === before) wrong.push(`slider: ${box.getAttribute('aria-label')}`);
    input.value = value;
    input.dispatchEvent(new Event('input'));
  }

  const luminance = colour => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  for (const text of document.querySelectorAll('.minialex-figure text')) {
    const ink = luminance(getComputedStyle(text).fill);
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (contrast < 3 && !text.closest('[hidden]') && !text.closest('[id^="on-colour"]'))
      wrong.push(`hard to read (${contrast.toFixed(1)}): ${text.textContent.slice(0, 40)}`);
  }
  return wrong;
}
