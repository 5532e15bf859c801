import org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests;
import org.junit.jupiter.api.Test;

/**
 * Iceberg's catalog tests with everything on that the kit leaves off and no property can switch:
 * nested namespaces, slashes in names, and unique locations by default.
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

	@Test
	@Override
	public void createTableInUniqueLocation() {
		super.createTableInUniqueLocation();
	}
}
