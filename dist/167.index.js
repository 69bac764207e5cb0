export const id = 167;
export const ids = [167];
export const modules = {

/***/ 7167:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   fromEnv: () => (/* reexport safe */ _Dxkwe_js__WEBPACK_IMPORTED_MODULE_0__._)
/* harmony export */ });
/* harmony import */ var _Dxkwe_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3987);


/***/ })

};
