// Package bulk moves customers in and out in large numbers: CSV and NDJSON.
//
//	Import  file → rows → customer.CreateBatch, in several batches at once
//	        a row that is refused goes to the error file with its place and reason
//	Export  customer.Export → rows → file
//
// A CSV header names fields with dots ("billingAddress.city"). Cells that a
// spreadsheet would run as a formula get a ' before them on the way out (OWASP ASVS
// 1.2.10), which is taken off on the way in. No error repeats a cell.
package bulk
