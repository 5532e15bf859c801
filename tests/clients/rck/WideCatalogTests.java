import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Iceberg's catalog tests with everything on that the kit leaves off and no property can switch:
 * nested namespaces, slashes in names, unique locations. Each test finds the catalog empty, as the
 * tests expect of a catalog of their own, and asks for locations beneath -Drck.location.
 */
public class WideCatalogTests extends RESTCompatibilityKitCatalogTests {
	@Override
	protected boolean supportsNestedNamespaces() {
		return true;
	}

	@Override
	protected boolean supportsNamesWithSlashes() {
		return true;
	}

	@Override
	protected String baseTableLocation(TableIdentifier table) {
		return String.join("/", System.getProperty("rck.location"), table.namespace().toString(), table.name());
	}

	@Test
	@Override
	public void createTableInUniqueLocation() {
		super.createTableInUniqueLocation();
	}

	@AfterEach
	void empty() {
		catalog().listNamespaces().forEach(this::drop);
	}

	private void drop(Namespace namespace) {
		catalog().listNamespaces(namespace).forEach(this::drop);
		catalog().listTables(namespace).forEach(table -> catalog().dropTable(table, false));
		catalog().dropNamespace(namespace);
	}
}
