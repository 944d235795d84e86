// One key, one change. Nothing else, so that what is measured is Electron itself.
const word = document.querySelector('#word');
addEventListener('keydown', (event) => {
  word.textContent = event.key;
  document.documentElement.dataset.screen = event.key;
});
