// Begins when all is there.
"use strict";
page.theme();
page.search();
page.choosers();
page.downloads();
charts.start();
sequence.start();
document.documentElement.dataset.ready = "yes";
