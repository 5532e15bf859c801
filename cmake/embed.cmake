# firn_embedded: migrations/*.sql and openapi/*.yaml as byte arrays, so that the binary needs no
# files beside it. The table's shape is include/firn/embedded.h.
file(GLOB embedded_files CONFIGURE_DEPENDS
	${CMAKE_SOURCE_DIR}/migrations/*.sql ${CMAKE_SOURCE_DIR}/openapi/*.yaml)
set(embedded_c ${CMAKE_BINARY_DIR}/embedded.c)
add_custom_command(OUTPUT ${embedded_c}
	COMMAND ${CMAKE_COMMAND} -DOUT=${embedded_c} "-DFILES=${embedded_files}"
		-P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
	DEPENDS ${embedded_files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
	VERBATIM)
add_library(firn_embedded STATIC ${embedded_c})
target_link_libraries(firn_embedded PUBLIC firn_flags)
