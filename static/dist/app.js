(()=>{document.documentElement.dataset.js="";})();
